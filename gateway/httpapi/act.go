package httpapi

import (
	"context"

	"zgoda/gateway/chat"
	"zgoda/gateway/live"
	"zgoda/gateway/protocol"
)

// input applies a numbered input of an operator's.
func (o *operator) input(ctx context.Context, f *protocol.OperatorFrame) {
	w := o.watching(f)
	if w == nil {
		return
	}
	who := o.who.Load()
	in := o.numbered(f)
	in.Act = &chat.Act{
		By: chat.Colleague{ID: who.ID, Name: who.Name}, Kind: f.T, To: f.To, Text: f.Text, Purposes: f.Purposes, Instance: o.client,
	}
	switch f.T {
	case protocol.TypeTake, protocol.TypeRelease, protocol.TypeClose, protocol.TypeSay, protocol.TypeAskCard, protocol.TypeNote:
	case protocol.TypeTransfer:
		name, refused, err := o.colleague(ctx, f)
		if err != nil {
			o.unavailable(f, err)
			return
		}
		in.Act.Colleague, in.Refuse = chat.Colleague{ID: f.Operator, Name: name}, refused
	case protocol.TypeSkip:
		in.Refuse = &protocol.Refused{Code: protocol.CodeSkipped, Message: "the client gave this number up"}
	default:
		o.fail(f, protocol.CodeUnknownType, "this server does not know "+f.T)
		return
	}
	if in.Refuse != nil {
		in.Act = nil
	}
	o.apply(ctx, w, f, in)
}

// colleague finds who is to get a conversation. Somebody who is not there would
// lose it again at once.
func (o *operator) colleague(ctx context.Context, f *protocol.OperatorFrame) (string, *protocol.Refused, error) {
	absent := &protocol.Refused{Code: protocol.CodeAbsent, Message: "this colleague is not there"}
	name, works, err := o.server.Staff.Works(ctx, f.Operator, f.Site)
	if err != nil || !works {
		return "", absent, err
	}
	there, err := o.server.Desk.There(ctx, f.Site, f.Operator)
	if err != nil || !there {
		return "", absent, err
	}
	return name, nil, nil
}

// refuseInput consumes the number of an input that is refused for good before
// anything is decided.
func (o *operator) refuseInput(ctx context.Context, f *protocol.OperatorFrame, e *protocol.FrameError) {
	w := o.watching(f)
	if w == nil {
		return
	}
	in := o.numbered(f)
	in.Refuse = &protocol.Refused{Code: e.Code, Message: e.Message}
	o.apply(ctx, w, f, in)
}

func (o *operator) numbered(f *protocol.OperatorFrame) chat.Input {
	return chat.Input{
		Client: chat.OperatorClient(o.who.Load().ID, o.client), N: f.N,
		Digest: protocol.KeyedDigest(o.server.DigestKey, protocol.ClientFrame(*f)), Returning: true,
	}
}

func (o *operator) apply(ctx context.Context, w *watch, f *protocol.OperatorFrame, in chat.Input) {
	out := o.server.apply(ctx, w.site(), w.conversation, in)
	switch {
	case out.Ack != nil:
		ack := *out.Ack
		ack.Site, ack.Conversation = f.Site, f.Conversation
		o.send(&ack)
	case out.Err.Code != protocol.CodeErased:
		e := *out.Err
		e.Site, e.Conversation = f.Site, f.Conversation
		o.send(&e)
	}
	if out.Erased {
		w.conversation.Do(func(l live.Locked[chat.View]) { l.Deliver(live.Delivery{Erased: true}) })
	}
}

// signal says that the operator types or has read. Only the owner's typing is
// shown to the visitor, but everybody's marks count.
func (o *operator) signal(ctx context.Context, f *protocol.OperatorFrame, g chat.Signal) {
	w := o.watching(f)
	if w == nil {
		return
	}
	g.From, g.Operator = chat.SignalOperator, o.who.Load().ID
	w.conversation.Do(func(l live.Locked[chat.View]) {
		o.server.signal(ctx, w.site(), l, w.conversation.Key, g, w)
	})
}

func (o *operator) history(ctx context.Context, f *protocol.OperatorFrame) {
	w := o.watching(f)
	if w == nil {
		return
	}
	older := protocol.Older{Site: f.Site, Conversation: f.Conversation, BeforeSeq: f.BeforeSeq}
	var err error
	w.conversation.Do(func(l live.Locked[chat.View]) {
		older.Events, older.More, err = o.server.Chat.Before(ctx, l.Value(), w.conversation.Key, f.BeforeSeq, f.Limit)
	})
	if err != nil {
		o.unavailable(f, err)
		return
	}
	data, err := protocol.Encode(&older)
	if err != nil {
		o.server.Log.Error("encode frame", "site", f.Site, "error", err)
		return
	}
	_ = o.socket.SendAll(data) // the reader learns of a closed socket by itself
}
