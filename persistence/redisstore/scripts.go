package redisstore

import (
	"crypto/sha1"
	"embed"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"zgoda/persistence"
)

//go:embed scripts/*.lua
var sources embed.FS

// A script is Lua that Redis runs by the hash of its text. Two gateway versions
// may run two texts side by side.
type script struct {
	text string
	sha  string
}

// Flags are Redis' own: without any a script is refused as a whole when memory
// is used up, with allowOOM it runs all the same.
const (
	noFlags  = ""
	noWrites = " flags=no-writes"
	allowOOM = " flags=allow-oom"
)

// maxRenewal is the longest time between two renewals of a conversation's
// lifetime.
const maxRenewal = time.Hour

// A scriptSet holds the scripts of one store. What is the same for every call
// stands in their text.
type scriptSet struct {
	commit, commitOOM, load, positions, attach, beat, watch, leave, acknowledge, inboxRows *script
	signal, present, presences, assignments                                                *script

	all []*script
}

// newScripts makes the scripts. What ends something or frees memory runs when
// memory is used up, and so does what keeps nodes together, which is small.
func newScripts(o *Options) *scriptSet {
	s := &scriptSet{}
	constants := strings.Join([]string{
		constant("MAX_CLIENTS", persistence.MaxClients),
		constant("SLOTS", persistence.AnswerWindow),
		constant("CLIENT_LIFE", persistence.ClientLifetime.Milliseconds()),
		constant("TRANSCRIPT", o.Transcript.Milliseconds()),
		constant("PROFILE_LIFE", o.ProfileTTL.Milliseconds()),
		constant("RENEWAL", min(maxRenewal, o.Transcript/16).Milliseconds()),
		constant("NODE_LIFE", o.holderLife.Milliseconds()),
		constant("MISSED", fmt.Sprintf("'%d'", maxMissed)),
		constant("CHANNEL", "'"+channelPrefix(o)+"'"),
	}, "")
	join := func(flags string, files ...string) *script {
		text := "#!lua" + flags + "\n" + constants
		for _, name := range files {
			b, err := sources.ReadFile("scripts/" + name + ".lua")
			if err != nil {
				panic(err) // the file is part of this program
			}
			text += string(b)
		}
		sum := sha1.Sum([]byte(text))
		made := &script{text: text, sha: hex.EncodeToString(sum[:])}
		s.all = append(s.all, made)
		return made
	}
	commit := []string{"heads", "living", "snapshot", "commit_check", "commit_write", "commit_tell"}
	s.commit = join(noFlags, commit...)
	s.commitOOM = join(allowOOM, commit...)
	s.load = join(noWrites, "snapshot", "load")
	s.positions = join(noWrites, "positions")
	s.attach = join(allowOOM, "holders", "snapshot", "attach")
	s.beat = join(allowOOM, "holders", "beat")
	s.watch = join(allowOOM, "holders", "watch")
	s.leave = join(allowOOM, "holders", "leave")
	s.acknowledge = join(allowOOM, "heads", "acknowledge")
	s.inboxRows = join(noWrites, "inboxrows")
	s.signal = join(allowOOM, "heads", "living", "signal")
	s.present = join(allowOOM, "holders", "living", "present")
	s.presences = join(noWrites, "presences")
	s.assignments = join(allowOOM, "assignments")
	return s
}

func constant(name string, value any) string { return fmt.Sprintf("local %s = %v\n", name, value) }
