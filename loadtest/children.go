package loadtest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
)

// PlayCommand is the hidden command under which the program plays one part of a
// run: a job on standard input, messages on standard output.
const PlayCommand = "play-part"

// maxLine bounds one message: the expectations of all visitors come in one.
const maxLine = 1 << 30

// PlayPart is what PlayCommand does. in stays open while the part is wanted: its
// end means that nobody is there any more.
func PlayPart(ctx context.Context, in io.Reader, out io.Writer) error {
	lines := json.NewDecoder(in)
	var j job
	if err := lines.Decode(&j); err != nil {
		return fmt.Errorf("read job: %w", err)
	}
	var mu sync.Mutex // guards enc
	enc := json.NewEncoder(out)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	end, endVisits := context.WithCancel(ctx)
	defer endVisits()
	audit := make(chan struct{})
	go func() { // ends with the process: nothing else ends a read of standard input
		defer cancel()
		for {
			var word string
			if lines.Decode(&word) != nil {
				return
			}
			switch word {
			case wordEnd:
				endVisits()
			case wordAudit:
				close(audit)
			}
		}
	}()
	say := func(m message) {
		mu.Lock()
		defer mu.Unlock()
		if enc.Encode(m) != nil {
			cancel() // nobody listens
		}
	}
	err := play(ctx, end, j, audit, say)
	if err != nil {
		say(message{Err: err.Error()})
	}
	return err
}

// What is said to a child.
const (
	wordEnd   = "end"   // let the visitors go
	wordAudit = "audit" // read the logs again
)

// A player plays a part, in this process or in a child.
type player struct {
	say  func(word string)
	wait func() error
}

// startLocal plays in this process.
func startLocal(ctx context.Context, j job, hear func(message)) *player {
	end, endVisits := context.WithCancel(ctx)
	audit := make(chan struct{})
	done := make(chan error, 1)
	go func() {
		defer endVisits()
		done <- play(ctx, end, j, audit, hear)
	}()
	return &player{
		say: func(word string) {
			switch word {
			case wordEnd:
				endVisits()
			case wordAudit:
				close(audit)
			}
		},
		wait: func() error { return <-done },
	}
}

// startChild plays in a child process, which dies with this one.
func startChild(ctx context.Context, j job, hear func(message)) (*player, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, PlayCommand)
	cmd.SysProcAttr = childAttributes()
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start process %d: %w", j.Part+1, err)
	}
	enc := json.NewEncoder(in)
	if err := enc.Encode(j); err != nil {
		return nil, errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	heard := make(chan error, 1)
	go func() { heard <- listen(out, hear) }()
	return &player{
		say: func(word string) { _ = enc.Encode(word) }, // a child that is gone is found by wait
		wait: func() error {
			err := <-heard
			_ = in.Close()
			if ended := cmd.Wait(); err == nil && ended != nil {
				err = fmt.Errorf("it ended: %w", ended)
			}
			return err
		},
	}, nil
}

// listen reads a child's messages to the end.
func listen(out io.Reader, hear func(message)) error {
	lines := bufio.NewScanner(out)
	lines.Buffer(make([]byte, 0, 1<<16), maxLine)
	for lines.Scan() {
		var m message
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			return fmt.Errorf("read its message: %w", err)
		}
		if m.Err != "" {
			return errors.New(m.Err)
		}
		hear(m)
	}
	return lines.Err()
}
