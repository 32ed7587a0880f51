package persistence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// EncodeRecord returns the plaintext of an outbox record's payload. A record
// that DecodeRecord would refuse is refused here, since once it is sealed and
// committed nobody can repair it.
func EncodeRecord(r Record) ([]byte, error) {
	if err := r.validate(); err != nil {
		return nil, fmt.Errorf("encode outbox record: %w", err)
	}
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode outbox record: %w", err)
	}
	return b, nil
}

// DecodeRecord reads what EncodeRecord wrote. It is strict: an unknown member
// is an error, because a record of a newer version that is applied without the
// part that is not understood would be a consent recorded wrongly.
func DecodeRecord(b []byte) (Record, error) {
	var r Record
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return Record{}, fmt.Errorf("decode outbox record: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Record{}, errors.New("decode outbox record: data after the record")
	}
	if err := r.validate(); err != nil {
		return Record{}, fmt.Errorf("decode outbox record: %w", err)
	}
	return r, nil
}

// validate reports what makes the record meaningless to every store. What a
// record may say about consent is the contact store's to judge.
func (r Record) validate() error {
	switch {
	case r.Site == "":
		return errors.New("no site")
	case r.Visitor == "":
		return errors.New("no visitor")
	case r.VSeq == 0:
		return errors.New("no vseq")
	}
	kinds := 0
	for _, set := range []bool{r.Seen, r.Entry != nil, r.Contact != nil, r.Erase != nil} {
		if set {
			kinds++
		}
	}
	if kinds != 1 {
		return fmt.Errorf("%d of seen, entry, contact and erase are set, want exactly one", kinds)
	}
	return nil
}
