package protocol

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// fill sets every exported field of v to something that is not zero.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0))
		fill(v.Index(1))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for _, key := range []string{"marketing_email", "lead_contact"} {
			value := reflect.New(v.Type().Elem()).Elem()
			fill(value)
			v.SetMapIndex(reflect.ValueOf(key), value)
		}
	case reflect.String:
		v.SetString("zażółć \"gęślą\"\n\x7f\u2028")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint64:
		v.SetUint(8)
	default:
		panic("fill: " + v.Kind().String())
	}
}

// serverFrames returns one of each frame of the server, empty.
func serverFrames() map[string]any {
	return map[string]any{
		TypeHello: &Hello{}, TypeReset: &Reset{}, TypeEvents: &Events{}, TypeAck: &Ack{}, TypeError: &Error{},
		TypeSeen: &Seen{}, TypeWelcome: &Welcome{}, TypeInbox: &Inbox{}, TypeWatching: &Watching{}, TypeLog: &Log{},
		TypeOlder: &Older{}, TypeNotes: &Notes{}, TypePresence: &Presence{}, TypeGone: &Gone{},
		TypeBeat: &Beat{}, TypePast: &Past{}, TypeReceipt: &Receipt{}, TypeExport: &Export{}, TypeGoAway: &GoAway{}, TypeTyping: &Typing{},
	}
}

// The encoder is written by hand: it must say exactly what the struct tags say.
func TestAppendKeepsStructTags(t *testing.T) {
	t.Parallel()
	for name, frame := range serverFrames() {
		for _, filled := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s filled=%t", name, filled), func(t *testing.T) {
				v := reflect.ValueOf(frame).Elem()
				if filled {
					fill(v)
				}
				v.FieldByName("T").SetString(name)
				want, err := json.Marshal(frame, json.Deterministic(true))
				if err != nil {
					t.Fatal(err)
				}
				v.FieldByName("T").SetString("")
				for _, form := range []any{frame, v.Interface()} {
					got, err := Encode(form)
					if err != nil {
						t.Fatal(err)
					}
					if string(got) != string(want) {
						t.Errorf("Encode(%T)\n got %s\nwant %s", form, got, want)
					}
				}
				back, err := DecodeServer(want)
				if err != nil {
					t.Fatal(err)
				}
				v.FieldByName("T").SetString(name)
				if filled && !reflect.DeepEqual(back, frame) {
					t.Errorf("DecodeServer\n got %+v\nwant %+v", back, frame)
				}
			})
		}
	}
}

func TestAppendRefuses(t *testing.T) {
	t.Parallel()
	for _, bad := range []any{
		nil, 1, "text",
		struct{}{},
		&Ack{ID: "\xff"}, &Events{Epoch: "a\xc3"},
		ClientFrame{},
		ClientFrame{T: "hello"},
	} {
		dst, err := Append([]byte("before"), bad)
		if err == nil || string(dst) != "before" {
			t.Errorf("Append(%#v) = %q, %v; want the bytes before and an error", bad, dst, err)
		}
	}
}

func TestConstructorsSetTheType(t *testing.T) {
	t.Parallel()
	if a := NewAck(1, 2, "e"); a.T != TypeAck || a.N != 1 || a.Seq != 2 || a.ID != "e" || a.Refused != nil {
		t.Errorf("NewAck: %+v", a)
	}
	if a := NewRefusal(1, CodeTooLong, "m"); a.T != TypeAck || a.Refused.Code != CodeTooLong || a.Refused.Message != "m" {
		t.Errorf("NewRefusal: %+v", a)
	}
	if e := NewError(3, CodeUnavailable, "m"); e.T != TypeError || e.N != 3 {
		t.Errorf("NewError: %+v", e)
	}
	if e := NewEvents("x", nil, nil); e.T != TypeEvents || e.Epoch != "x" {
		t.Errorf("NewEvents: %+v", e)
	}
	if DefaultLimits().FrameBytes != MaxFrameBytes {
		t.Errorf("DefaultLimits: %+v", DefaultLimits())
	}
}

// A new member of ClientFrame must be decoded and belong to some type.
func TestEveryClientMemberHasAShape(t *testing.T) {
	t.Parallel()
	in := reflect.TypeFor[ClientFrame]()
	if in.NumField() != int(memberCount) {
		t.Fatalf("ClientFrame has %d members, the decoder knows %d", in.NumField(), memberCount)
	}
	all := members(0)
	for _, among := range [][]shape{shapes[:], operatorShapes[:]} {
		for _, s := range among {
			all |= s.required | s.optional
		}
	}
	for m := range memberCount {
		name, _, _ := strings.Cut(in.Field(int(m)).Tag.Get("json"), ",")
		if name != m.String() {
			t.Errorf("member %d is %q in ClientFrame and %q in the decoder", m, name, m)
		}
		if !all.has(m) {
			t.Errorf("no type of frame has %s", m)
		}
	}
}

func TestNumbered(t *testing.T) {
	t.Parallel()
	for _, typ := range []string{TypeSay, TypePress, TypeDecide, TypeAskCard, TypeWithdraw, TypeErase, TypeSkip} {
		if !Numbered(typ) {
			t.Errorf("%s must be numbered", typ)
		}
	}
	for _, typ := range []string{TypeOpen, TypeBeat, TypeHistory, TypeTyping, "", "hello"} {
		if Numbered(typ) {
			t.Errorf("%s must not be numbered", typ)
		}
	}
}

func TestDigestTellsContentApart(t *testing.T) {
	t.Parallel()
	frames := []ClientFrame{
		{T: TypeSay, Text: "ab"},
		{T: TypeSay, Text: "a", Of: "b"},
		{T: TypeSay, Of: "ab"},
		{T: TypePress, Of: "a", Choice: "b"},
		{T: TypePress, Of: "b", Choice: "a"},
		{T: TypeDecide, Request: "r", Answer: AnswerGrant},
		{T: TypeDecide, Request: "r", Answer: AnswerDecline},
		{T: TypeWithdraw},
		{T: TypeWithdraw, Purposes: []string{"a", "b"}},
		{T: TypeWithdraw, Purposes: []string{"a"}},
		{T: TypeAskCard, Purposes: []string{"a"}},
		{T: TypeSkip},
		{T: TypeErase},
	}
	seen := map[string]ClientFrame{}
	for _, f := range frames {
		d := Digest(f)
		if len(d) != DigestLen {
			t.Fatalf("digest of %d bytes", len(d))
		}
		if other, taken := seen[string(d)]; taken {
			t.Errorf("%+v and %+v have the same digest", f, other)
		}
		seen[string(d)] = f
		numbered := f
		numbered.N = 9
		if !bytes.Equal(Digest(numbered), d) {
			t.Errorf("the number of %+v changes its digest", f)
		}
		if bytes.Equal(KeyedDigest([]byte("k"), f), KeyedDigest([]byte("l"), f)) || bytes.Equal(KeyedDigest([]byte("k"), f), d) {
			t.Errorf("the key does not change the digest of %+v", f)
		}
	}
	if !bytes.Equal(Digest(ClientFrame{T: TypeWithdraw, Purposes: []string{}}), Digest(ClientFrame{T: TypeWithdraw})) {
		t.Error("no purposes and an empty list mean the same and must have the same digest")
	}
}

func TestFinalRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		frame string
		final bool
		n     uint64
	}{
		{`{"t":"say","n":4,"text":"` + strings.Repeat("ż", MaxTextRunes+1) + `"}`, true, 4},
		{`{"t":"say","n":4,"text":""}`, true, 4},
		{`{"t":"say","n":4,"text":"a","of":"b"}`, false, 4},
		{`{"t":"say","n":0,"text":""}`, false, 0},
		{`{"t":"shout","n":4}`, false, 0},
		{`{"t":"say","n":4`, false, 0},
	} {
		f, err := Decode([]byte(c.frame))
		var fe *FrameError
		if !errors.As(err, &fe) {
			t.Fatalf("%.40s: %v", c.frame, err)
		}
		if fe.Final() != c.final || fe.N != c.n || f.N != c.n {
			t.Errorf("%.40s: final %t n %d frame n %d; want %t %d", c.frame, fe.Final(), fe.N, f.N, c.final, c.n)
		}
		if c.final && f.T != TypeSay {
			t.Errorf("%.40s: the frame must come with a final refusal", c.frame)
		}
	}
}

var (
	benchSay  = []byte(`{"t":"say","n":17,"text":"Dzień dobry, czy macie czerwone buty w rozmiarze 42?"}`)
	benchOpen = []byte(`{"t":"open","client":"c_0123456789abcdefABCDEF","secret":"00112233445566778899aabbccddeeff","locale":"pl","page":"/sklep/buty","have":{"epoch":"e1","seq":12,"id":"ev-12"}}`)
)

func BenchmarkDecode(b *testing.B) {
	for name, frame := range map[string][]byte{"say": benchSay, "open": benchOpen, "beat": []byte(`{"t":"beat","epoch":"e1","seq":12}`)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Decode(frame); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func benchEvents() *Events {
	return &Events{
		Epoch: "e1",
		Events: []Event{
			{Seq: 12, ID: "in-0", At: 1790000000000, From: "visitor", Kind: "message", Client: "c_0123456789abcdefABCDEF", N: 17, Text: []Part{{Text: "Dzień dobry, czy macie czerwone buty?"}}},
			{Seq: 13, ID: "in-1", At: 1790000000000, From: "bot", Kind: "message", Locale: "pl", Text: []Part{{Text: "Tak, mamy. Który rozmiar?"}}, DelayMS: 600},
		},
		State: &State{Owner: OwnerBot, Consents: map[string]Consent{"lead_contact": {Status: "granted", At: 1}}, Expect: Expect{Kind: "text"}, Held: []string{"email"}},
	}
}

func BenchmarkAppend(b *testing.B) {
	for name, frame := range map[string]any{"events": benchEvents(), "ack": NewAck(17, 12, "in-0"), "beat": &Beat{Epoch: "e1", Seq: 12}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			buf := make([]byte, 0, 4096)
			for b.Loop() {
				if _, err := Append(buf, frame); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("events reflected", func(b *testing.B) {
		b.ReportAllocs()
		frame := benchEvents()
		for b.Loop() {
			if _, err := json.Marshal(frame); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkDecodeServer(b *testing.B) {
	data, _ := Encode(benchEvents())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeServer(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDigest(b *testing.B) {
	f, _ := Decode(benchSay)
	b.ReportAllocs()
	for b.Loop() {
		Digest(f)
	}
}
