package persistence

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
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

// DecodeRecord reads what EncodeRecord wrote. It is strict: an unknown member, a
// member in another case, one that is there twice or data after the record is an
// error, because a record of a newer version that is applied without the part that
// is not understood would be a consent recorded wrongly.
func DecodeRecord(b []byte) (Record, error) {
	var r Record
	if err := json.Unmarshal(b, &r, json.RejectUnknownMembers(true)); err != nil {
		return Record{}, fmt.Errorf("decode outbox record: %w", err)
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
	for _, set := range []bool{r.Seen, r.Entry != nil, r.Contact != nil, r.Restrict != nil, r.Erase != nil} {
		if set {
			kinds++
		}
	}
	if kinds != 1 {
		return fmt.Errorf("%d of seen, entry, contact, restrict and erase are set, want exactly one", kinds)
	}
	return nil
}
