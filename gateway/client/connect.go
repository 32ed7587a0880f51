package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"zgoda/gateway/protocol"
)

// connect opens a socket at url and makes it the live one. What was live before
// is dropped after the new one has resumed.
func (c *Client) connect(ctx context.Context, url string) error {
	select {
	case c.connecting <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	case <-c.stopped:
		return ErrClosed
	}
	defer func() { <-c.connecting }()

	ctx, cancel := context.WithTimeout(ctx, c.opts.HandshakeTimeout)
	defer cancel()
	err := c.open(ctx, url)
	if errors.Is(err, errRenamed) {
		err = c.open(ctx, url)
	}
	return err
}

// open makes one attempt.
func (c *Client) open(ctx context.Context, url string) error {
	l, err := c.dialLink(ctx, url)
	if err != nil {
		return err
	}
	frame, err := c.begin(l)
	if err != nil {
		_ = l.conn.CloseNow()
		return err
	}
	if err = c.write(l, frame); err == nil {
		err = c.awaitReplay(ctx, l)
	}
	if err != nil {
		l.cut(err)
		<-l.done
	}
	return c.settle(l, err)
}

// begin makes the open frame and starts the reader.
func (c *Client) begin(l *link) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	f := protocol.ClientFrame{
		T: protocol.TypeOpen, Client: c.instance, Secret: c.secret, Token: c.token,
		Flow: c.opts.Flow, Locale: c.opts.Locale, Page: c.opts.Page, Have: c.journal.have(), Trace: c.opts.Trace,
	}
	data, err := protocol.Encode(f)
	if err != nil {
		return nil, err
	}
	if f.Have != nil {
		l.seen = f.Have.Seq
	}
	l.instance, l.heard = c.instance, time.Now()
	c.opening = l
	c.wg.Go(func() { c.read(l) })
	return data, nil
}

// awaitReplay writes what the replay needs until it has ended.
func (c *Client) awaitReplay(ctx context.Context, l *link) error {
	for {
		c.mu.Lock()
		changed, ready, dead, err := c.changed, l.replayed, l.dead, l.err
		var queue [][]byte
		if !ready && !dead {
			// What is taken must be written: a beat that never was would be taken
			// for answered by the answer to the next. The keeper writes the rest.
			queue = c.takeQueue(l)
		}
		c.mu.Unlock()
		switch {
		case dead:
			return err
		case ready:
			return nil
		}
		for _, data := range queue {
			if err := c.write(l, data); err != nil {
				return err
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// settle makes an opened socket the live one, or forgets it.
func (c *Client) settle(l *link, err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opening = nil
	if err == nil && l.dead {
		err = l.err
	}
	if err != nil {
		if l.err != nil {
			err = l.err // what the server said explains more than what it caused
		}
		c.notify()
		return err
	}
	if c.closed {
		l.cut(ErrClosed)
		return ErrClosed
	}
	old := c.link
	c.link = l
	c.opened++
	c.retry, c.retryAt = 0, time.Time{}
	// What the server asked to wait for does not pass by a new socket.
	c.inputs.resend(0)
	l.beatAt = time.Now().Add(time.Duration(c.opts.Reconnect.Rand() * float64(c.limits.BeatMS) * float64(time.Millisecond)))
	if old != nil {
		c.wg.Go(old.retire)
	}
	c.tellLink(true, nil)
	c.notify()
	return nil
}

// tellLink tells the caller about the live socket. mu is held.
func (c *Client) tellLink(live bool, why error) {
	if c.opts.OnLink != nil {
		c.opts.OnLink(live, why)
	}
}

// lost is called by the reader when its socket has ended.
func (c *Client) lost(l *link, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l.dead = true
	if l.err == nil {
		l.err = err
	}
	var end websocket.CloseError
	if errors.As(err, &end) {
		c.closedByServer(l, int(end.Code), end.Reason)
	}
	if c.link == l {
		c.link = nil
		c.tellLink(false, l.err)
		c.plan(time.Now())
		if c.asked != nil {
			c.asked.answer(ErrNotConnected)
			c.asked = nil
		}
	}
	c.notify()
}

// closedByServer acts on a close code.
func (c *Client) closedByServer(l *link, code int, reason string) {
	switch {
	case code == protocol.CloseTooBig:
		c.inputs.skipOversize(c.limits.FrameBytes)
	case code == protocol.CloseErased:
		c.secret, c.token = "", ""
	}
	// A socket that was replaced says nothing about the one that replaced it, and
	// the server closes it when the new one is attached, which can be before we
	// know of that.
	replaced := c.opening != l && c.link != l || code == protocol.CloseSuperseded && c.opening != nil && c.opening != l
	if protocol.MayReturn(code) || replaced {
		return
	}
	c.ended = ErrEnded{Code: code, Reason: reason}
	l.err = c.ended
	for _, i := range c.inputs.pending {
		i.finish(Receipt{N: i.frame.N}, c.ended)
	}
	c.inputs.pending = nil
}

// plan sets when to come back. mu is held.
func (c *Client) plan(now time.Time) {
	if !c.opts.AutoReconnect || c.closed || c.ended != nil {
		return
	}
	at := now.Add(c.opts.Reconnect.wait(c.retry))
	if at.After(c.retryAt) {
		c.retryAt = at
	}
	c.retry++
}

// comeBack makes one planned attempt. After two that failed it asks why.
func (c *Client) comeBack(ctx context.Context) {
	c.mu.Lock()
	url, tries := c.url, c.retry
	c.retryAt = time.Time{}
	c.mu.Unlock()

	err := c.connect(ctx, url)
	if err == nil || ctx.Err() != nil {
		return
	}
	pause := time.Duration(0)
	var handshake ErrHandshake
	if tries >= 2 && errors.As(err, &handshake) {
		pause = c.askStatus(ctx, url)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link != nil {
		return
	}
	var refused ErrRefused
	if errors.As(err, &refused) && forGood(refused.Code) {
		c.ended = refused
		for _, i := range c.inputs.pending {
			i.finish(Receipt{N: i.frame.N}, refused)
		}
		c.inputs.pending = nil
	}
	c.plan(time.Now().Add(pause))
	c.notify()
}

// forGood says whether the answer to an open will stay the same.
func forGood(code protocol.Code) bool {
	switch code {
	case protocol.CodeTokenInvalid, protocol.CodeErased, protocol.CodeTooManyClients, protocol.CodeBadFrame:
		return true
	}
	return false
}

// askStatus asks why sockets are refused and returns for how long not to try.
func (c *Client) askStatus(ctx context.Context, to string) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, c.opts.HandshakeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, statusURL(to, c.opts.Site), nil)
	if err != nil {
		return 0
	}
	hc := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: c.opts.Dial}}
	resp, err := hc.Do(req)
	if err != nil {
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, protocol.MaxFrameBytes))
	if err != nil {
		return 0
	}
	var status struct {
		RetryAfterMS int64 `json:"retry_after_ms"`
	}
	if json.Unmarshal(body, &status) != nil || status.RetryAfterMS < 0 {
		return 0
	}
	return min(time.Duration(status.RetryAfterMS)*time.Millisecond, c.opts.Reconnect.Max*10)
}
