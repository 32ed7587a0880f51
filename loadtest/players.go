package loadtest

import (
	"context"
)

// players are the processes of a run. Their owner tells them what to do and
// hears that they have ended.
type players struct {
	all []*player
	// gone gets one value for each player whose visitors have left, over one for
	// each that has ended.
	gone chan struct{}
	over chan error
	done int
}

// startPlayers starts every part. On an error none is left.
func (r *run) startPlayers(ctx context.Context, j job) (*players, error) {
	ps := &players{gone: make(chan struct{}, j.Of), over: make(chan error, j.Of)}
	for i := range j.Of {
		part := j
		part.Part = i
		hear := func(m message) {
			r.hear(i, m)
			if m.Left {
				ps.gone <- struct{}{}
			}
		}
		p := (*player)(nil)
		if j.Of == 1 {
			p = startLocal(ctx, part, hear)
		} else {
			var err error
			if p, err = startChild(ctx, part, hear); err != nil {
				return ps, err
			}
		}
		ps.all = append(ps.all, p)
		go func() { // ends with the player, which drain waits for
			err := p.wait()
			if err != nil && j.Of > 1 {
				err = errPlayer(i, err)
			}
			ps.over <- err
		}()
	}
	return ps, nil
}

func (ps *players) tell(word string) {
	for _, p := range ps.all {
		p.say(word)
	}
}

// left waits until all visitors have left.
func (ps *players) left(ctx context.Context) error {
	for range ps.all {
		select {
		case <-ps.gone:
		case err := <-ps.over:
			ps.done++
			return cannot("a part of the run ended early: %w", err)
		case <-ctx.Done():
			return cannot("stopped")
		}
	}
	return nil
}

// ended waits until all players have ended.
func (ps *players) ended(ctx context.Context) error {
	for ps.done < len(ps.all) {
		select {
		case err := <-ps.over:
			ps.done++
			if err != nil {
				return cannot("%w", err)
			}
		case <-ctx.Done():
			return cannot("stopped")
		}
	}
	return nil
}

// drain waits for those that were killed.
func (ps *players) drain() {
	for ps.done < len(ps.all) {
		<-ps.over
		ps.done++
	}
}
