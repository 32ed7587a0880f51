package socket

import (
	"sync"
	"time"
)

// A frame is handled on a worker and not on its socket's reader. Handling is
// deep (decoding, sealing, the store), and a stack that has once grown stays
// grown while its goroutine sleeps in a read; workers are few and share theirs.
//
// There are as many workers as frames are handled at the same time. One that had
// nothing to do for a while ends.
type workers struct {
	wg sync.WaitGroup

	mu      sync.Mutex // guards the fields below
	idle    []chan *Socket
	stopped bool
}

// idleWorker is how long a worker waits for work.
const idleWorker = 10 * time.Second

// handle runs the socket's handler for the frame in s.frame and returns when it
// has ended.
func (w *workers) handle(s *Socket) {
	w.mu.Lock()
	if n := len(w.idle); n > 0 {
		worker := w.idle[n-1]
		w.idle = w.idle[:n-1]
		w.mu.Unlock()
		worker <- s
	} else {
		w.mu.Unlock()
		w.wg.Go(func() { w.work(s) })
	}
	<-s.handled
}

func (w *workers) work(s *Socket) {
	jobs := make(chan *Socket, 1)
	for {
		s.handler.Frame(s.frame.Bytes(), s.text)
		s.handled <- struct{}{}
		if s = w.next(jobs); s == nil {
			return
		}
	}
}

// next waits for the next frame, and returns nil when there was none for long.
func (w *workers) next(jobs chan *Socket) *Socket {
	w.mu.Lock()
	if w.stopped {
		w.mu.Unlock()
		return nil
	}
	w.idle = append(w.idle, jobs)
	w.mu.Unlock()
	timer := time.NewTimer(idleWorker)
	defer timer.Stop()
	select {
	case s := <-jobs:
		return s
	case <-timer.C:
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, c := range w.idle {
		if c == jobs {
			w.idle = append(w.idle[:i], w.idle[i+1:]...)
			return nil
		}
	}
	return <-jobs // somebody took it at the last moment
}

// stop ends the workers that wait and returns when all have ended. No frame may
// be handled any more.
func (w *workers) stop() {
	w.mu.Lock()
	w.stopped = true
	for _, jobs := range w.idle {
		close(jobs)
	}
	w.idle = nil
	w.mu.Unlock()
	w.wg.Wait()
}
