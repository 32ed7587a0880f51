package chat

import (
	"errors"
	"testing"

	"zgoda/gateway/protocol"
	"zgoda/persistence"
)

// P1: another node commits while this one replays. The replay ends where the view
// ends: what is behind it comes as news, with its state, and must not come twice.
func TestP1_ReplayDoesNotOvertakeTheView(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	var here, there View
	first := n.applied(t, &here, line(1, "hello"))
	top := first.Events[len(first.Events)-1].Seq
	if _, err := n.Load(t.Context(), &there, key, persistence.Range{}); err != nil {
		t.Fatal(err)
	}
	n.applied(t, &there, line(2, "when do you open?"))
	for after := uint64(0); ; {
		events, err := n.Next(t.Context(), &here, key, after)
		if err != nil {
			t.Fatal(err)
		}
		if len(events) == 0 {
			if after != top {
				t.Errorf("the replay ends at %d, the view at %d", after, top)
			}
			return
		}
		consecutive(t, "the replay", events, after+1)
		if after = events[len(events)-1].Seq; after > top {
			t.Fatalf("the replay brings event %d, the view ends at %d", after, top)
		}
	}
}

// P3: the store has lost the log and begun another between two reads of a replay. The
// numbers are the same and mean other events: none of them may be sent as this log's.
func TestP3_ReplayDoesNotMixLogs(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	var v View
	n.applied(t, &v, line(1, "hello"))
	v.snap.Epoch = "of-a-log-that-was-lost"
	for name, read := range map[string]func() ([]protocol.Event, error){
		"replay": func() ([]protocol.Event, error) { return n.Next(t.Context(), &v, key, 0) },
		"history": func() ([]protocol.Event, error) {
			events, _, err := n.Before(t.Context(), &v, key, v.snap.Seq+1, 10)
			return events, err
		},
	} {
		if events, err := read(); !errors.Is(err, ErrUnavailable) || len(events) > 0 {
			t.Errorf("%s: %v, %v", name, seqs(events), err)
		}
	}
}
