package protocol

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

func addVectors(f *testing.F, direction string) {
	f.Helper()
	for _, list := range loadVectors(f) {
		for _, v := range list {
			if v.Direction == direction && len(v.data()) < 4096 {
				f.Add(v.data())
			}
		}
	}
}

// Whatever a client sends, the decoder answers with a frame that encodes and
// decodes to the same and fits the document, or with an error that can be sent.
func FuzzDecode(f *testing.F) {
	addVectors(f, "client")
	d := theDocument(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		given := bytes.Clone(data)
		frame, err := Decode(data)
		if !bytes.Equal(given, data) {
			t.Fatal("the decoder changed its input")
		}
		if err != nil {
			var fe *FrameError
			if !errors.As(err, &fe) || fe.Code == "" || fe.Message == "" {
				t.Fatalf("error %#v: no code or no message", err)
			}
			if fe.N > 0 && !Numbered(fe.T) {
				t.Fatalf("error with number %d for type %q", fe.N, fe.T)
			}
			if _, err := Encode(NewError(fe.N, fe.Code, fe.Message)); err != nil {
				t.Fatalf("the error cannot be sent: %v", err)
			}
			if fe.Final() {
				Digest(frame)
			}
			return
		}
		again, err := Encode(frame)
		if err != nil {
			t.Fatalf("encode %+v: %v", frame, err)
		}
		if err := d.validate(messageOf("client", frame.T), again); err != nil {
			t.Fatalf("the document refuses %s: %v", again, err)
		}
		twice, err := Decode(again)
		if err != nil {
			t.Fatalf("decode %s: %v", again, err)
		}
		if !reflect.DeepEqual(twice, frame) {
			t.Fatalf("decoded as %+v, then as %+v", frame, twice)
		}
		if !bytes.Equal(Digest(frame), Digest(twice)) {
			t.Fatal("the same frame has two digests")
		}
	})
}

// The same for operators' clients.
func FuzzDecodeOperator(f *testing.F) {
	addVectors(f, "operator")
	d := theDocument(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		frame, err := DecodeOperator(data)
		if err != nil {
			var fe *FrameError
			if !errors.As(err, &fe) || fe.Code == "" || fe.Message == "" {
				t.Fatalf("error %#v: no code or no message", err)
			}
			if fe.N > 0 && !NumberedByOperator(fe.T) {
				t.Fatalf("error with number %d for type %q", fe.N, fe.T)
			}
			return
		}
		again, err := Encode(frame)
		if err != nil {
			t.Fatalf("encode %+v: %v", frame, err)
		}
		if err := d.validate(messageOf("operator", frame.T), again); err != nil {
			t.Fatalf("the document refuses %s: %v", again, err)
		}
		twice, err := DecodeOperator(again)
		if err != nil || !reflect.DeepEqual(twice, frame) {
			t.Fatalf("decoded as %+v, then as %+v, %v", frame, twice, err)
		}
	})
}

// Whatever a server sends, a client gets a frame that encodes again, or an error.
func FuzzDecodeServer(f *testing.F) {
	addVectors(f, "server")
	for _, frame := range serverFrames() {
		fill(reflect.ValueOf(frame).Elem())
		data, err := Encode(frame)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		frame, err := DecodeServer(data)
		if err != nil {
			var fe *FrameError
			if !errors.As(err, &fe) || fe.Code == "" || fe.Message == "" {
				t.Fatalf("error %#v: no code or no message", err)
			}
			return
		}
		again, err := Encode(frame)
		if err != nil {
			t.Fatalf("encode %+v: %v", frame, err)
		}
		twice, err := DecodeServer(again)
		if err != nil {
			t.Fatalf("decode %s: %v", again, err)
		}
		third, err := Encode(twice)
		if err != nil || !bytes.Equal(third, again) {
			t.Fatalf("encoded as %s, then as %s, %v", again, third, err)
		}
	})
}
