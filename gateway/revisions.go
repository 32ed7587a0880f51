package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"time"

	"zgoda/gateway/consoleapi"
	"zgoda/gateway/site"
	"zgoda/persistence"
)

// revisionsFile remembers the newest revisions in the data folder, for a start while
// the store of accounts is away: a site must not fall back to what its file asked.
const revisionsFile = "revisions.json"

// revisionsEvery is how soon a node has a change that was made on another.
const revisionsEvery = 2 * time.Second

// fileActor is who made revision 1: the site's file.
const fileActor = "file"

// revisions keeps sites as their newest privacy settings say. The file is revision 1;
// a change in the console is the next one, and what it changes wins over the file.
type revisions struct {
	sites *site.Sites
	store persistence.SiteRevisions
	path  string // of the remembered ones; empty: none
	log   *slog.Logger

	mu    sync.Mutex // guards the fields below and is held while sites are replaced
	force map[string]persistence.SiteRevision
	bad   map[string]uint64 // revisions that do not fit here, reported once
	files map[string]*site.Privacy
}

func newRevisions(sites *site.Sites, store persistence.SiteRevisions, dir string, log *slog.Logger) *revisions {
	r := &revisions{
		sites: sites, store: store, log: log, force: map[string]persistence.SiteRevision{}, bad: map[string]uint64{}, files: map[string]*site.Privacy{},
	}
	if dir != "" {
		r.path = filepath.Join(dir, revisionsFile)
	}
	for _, st := range sites.All() {
		r.files[st.Key] = st.Privacy()
	}
	return r
}

// open puts the newest revisions in force. Where the store is away those that are
// remembered are taken. A revision that no longer fits its file stops the start: what
// visitors agree to is not to be guessed.
func (r *revisions) open(ctx context.Context) (warnings []string, err error) {
	all, err := r.store.Sites(ctx)
	if errors.Is(err, persistence.ErrUnavailable) {
		if all, err = r.remembered(); err == nil && len(all) > 0 {
			warnings = append(warnings, "the store of accounts is away: sites have the privacy settings that this node knew last")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read the revisions of sites: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rev := range all {
		if err := r.take(rev); err != nil {
			return nil, fmt.Errorf("site %s: revision %d of its privacy settings, made in the console, does not fit its file any more; make the file fit it:\n%w", rev.Site, rev.Revision, err)
		}
		if first, err := r.store.Revision(ctx, rev.Site, 1); err == nil && rev.Revision > 1 && r.fileChanged(&first) {
			warnings = append(warnings, fmt.Sprintf("site %s: its file says other privacy settings than when the console changed them first; revision %d, made in the console, is in force", rev.Site, rev.Revision))
		}
	}
	r.remember()
	return warnings, nil
}

// fileChanged tells whether the file says something else than revision 1, which was
// made of it.
func (r *revisions) fileChanged(first *persistence.SiteRevision) bool {
	was, err := site.ParsePrivacy([]byte(first.Document))
	return err == nil && r.files[first.Site] != nil && !reflect.DeepEqual(was, r.files[first.Site])
}

// take puts one revision in force; mu is held. One of a site that is not served here, or
// that is in force already, changes nothing.
func (r *revisions) take(rev persistence.SiteRevision) error {
	st, ok := r.sites.Get(rev.Site)
	if !ok || rev.Revision <= max(1, r.force[rev.Site].Revision) {
		return nil
	}
	p, err := site.ParsePrivacy([]byte(rev.Document))
	if err != nil {
		return err
	}
	made, err := st.WithPrivacy(p)
	if err != nil {
		return err
	}
	r.sites.Replace(made)
	r.force[rev.Site] = rev
	return nil
}

// run follows the changes of other nodes until ctx is over.
func (r *revisions) run(ctx context.Context) {
	ticker := time.NewTicker(revisionsEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			r.follow(ctx)
		}
	}
}

func (r *revisions) follow(ctx context.Context) {
	all, err := r.store.Sites(ctx)
	if err != nil {
		if !errors.Is(err, persistence.ErrUnavailable) && ctx.Err() == nil {
			r.log.Error("read the revisions of sites", "error", err)
		}
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	changed := false
	for _, rev := range all {
		before := r.force[rev.Site].Revision
		if err := r.take(rev); err != nil {
			if r.bad[rev.Site] != rev.Revision {
				r.bad[rev.Site] = rev.Revision
				r.log.Error("a revision of a site does not fit this node's file; the one before stays in force here", "site", rev.Site, "revision", rev.Revision, "error", err)
			}
			continue
		}
		if r.force[rev.Site].Revision != before {
			changed = true
			r.log.Info("privacy settings changed", "site", rev.Site, "revision", rev.Revision, "by", rev.Actor)
		}
	}
	if changed {
		r.remember()
	}
}

// remember writes the newest revisions beside the keys; mu is held. That it fails is no
// failure of anything else.
func (r *revisions) remember() {
	if r.path == "" || len(r.force) == 0 {
		return
	}
	all := []persistence.SiteRevision{}
	for _, rev := range r.force {
		all = append(all, rev)
	}
	text, err := json.Marshal(all)
	if err == nil {
		temp := r.path + ".new"
		if err = os.WriteFile(temp, text, 0o600); err == nil {
			err = os.Rename(temp, r.path)
		}
	}
	if err != nil {
		r.log.Warn("remember the revisions of sites", "error", err)
	}
}

func (r *revisions) remembered() ([]persistence.SiteRevision, error) {
	var all []persistence.SiteRevision
	text, err := os.ReadFile(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	return all, err
}

// Now returns a site's privacy settings with the number of their revision; 1 is the
// file's.
func (r *revisions) Now(st *site.Site) consoleapi.PrivacyRevision {
	r.mu.Lock()
	defer r.mu.Unlock()
	st, _ = r.sites.Get(st.Key)
	rev, ok := r.force[st.Key]
	if !ok {
		rev = persistence.SiteRevision{Site: st.Key, Revision: 1, Actor: fileActor}
	}
	return consoleapi.PrivacyRevision{Revision: rev.Revision, Actor: rev.Actor, At: rev.At, Settings: st.Privacy(), Warnings: st.Warnings}
}

// Save makes a change the next revision after base and puts it in force here; other
// nodes follow. It is site.Problems where the settings do not pass, and
// persistence.ErrExists where base is not the newest any more.
func (r *revisions) Save(ctx context.Context, key string, base uint64, p *site.Privacy, actor string) (uint64, error) {
	r.follow(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	st, ok := r.sites.Get(key)
	if !ok {
		return 0, persistence.ErrNotFound
	}
	newest := max(1, r.force[key].Revision)
	if base != newest {
		return 0, fmt.Errorf("revision %d is in force: %w", newest, persistence.ErrExists)
	}
	made, err := st.WithPrivacy(p)
	if err != nil {
		return 0, err
	}
	if reflect.DeepEqual(made.Privacy(), st.Privacy()) {
		return 0, consoleapi.ErrUnchanged
	}
	if newest == 1 {
		// The file is revision 1, written down when there is a second.
		_, err := r.store.AddRevision(ctx, revisionOf(key, r.files[key], fileActor), 0)
		if err != nil && !errors.Is(err, persistence.ErrExists) {
			return 0, err
		}
	}
	rev := revisionOf(key, made.Privacy(), actor)
	if rev.Revision, err = r.store.AddRevision(ctx, rev, base); err != nil {
		return 0, err
	}
	rev.At = time.Now().UTC()
	r.sites.Replace(made)
	r.force[key] = rev
	r.remember()
	r.log.Info("privacy settings changed", "site", key, "revision", rev.Revision, "by", actor)
	return rev.Revision, nil
}

func revisionOf(key string, p *site.Privacy, actor string) persistence.SiteRevision {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // texts and numbers
	}
	return persistence.SiteRevision{Site: key, Document: string(text), Actor: actor}
}
