package pgstore

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"zgoda/persistence"
)

// channelField is the contact field that a marketing purpose writes to.
var channelField = map[string]string{
	persistence.PurposeMarketingEmail: "email",
	persistence.PurposeMarketingPhone: "phone",
	persistence.PurposeMarketingSMS:   "phone",
}

// A contactValues is what a contact's columns hold; nil is a field that was not
// given.
type contactValues struct {
	name, email, phone *string
	// custom is a JSON object of all other fields.
	custom               []byte
	emailHash, phoneHash []byte
}

// columns spreads the values of a contact over its columns.
func (s *Store) columns(site string, values map[string]string) (contactValues, error) {
	var out contactValues
	custom := map[string]string{}
	for field, value := range values {
		switch field {
		case "name":
			out.name = &value
		case "email":
			out.email, out.emailHash = &value, s.address(site, field, value)
		case "phone":
			out.phone, out.phoneHash = &value, s.address(site, field, value)
		default:
			custom[field] = value
		}
	}
	var err error
	if out.custom, err = json.Marshal(custom); err != nil {
		return contactValues{}, fmt.Errorf("encode contact fields: %w", err)
	}
	return out, nil
}

// fields is the other way round. It adds to what it is given.
func (v *contactValues) fields(out map[string]string) (map[string]string, error) {
	if out == nil {
		out = map[string]string{}
	}
	if err := json.Unmarshal(v.custom, &out); err != nil {
		return nil, fmt.Errorf("decode contact fields: %w", err)
	}
	for field, value := range map[string]*string{"name": v.name, "email": v.email, "phone": v.phone} {
		if value != nil {
			out[field] = *value
		}
	}
	return out, nil
}

// address returns the keyed hash by which an e-mail address or a telephone
// number is recognised on its site. Spelling that does not matter to the channel
// does not matter to the hash.
func (s *Store) address(site, field, value string) []byte {
	switch field {
	case "email":
		value = strings.ToLower(strings.TrimSpace(value))
	case "phone":
		value = strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' || r == '+' {
				return r
			}
			return -1
		}, value)
	}
	return s.blind(field + "\x00" + site + "\x00" + value)
}

func (s *Store) blind(text string) []byte {
	h := hmac.New(sha256.New, s.blindKey)
	h.Write([]byte(text))
	return h.Sum(nil)
}

const sqlSuppress = `INSERT INTO zgoda.suppression (site, purpose, address, reason)
	VALUES ($1, $2::text::zgoda.purpose, $3, $4) ON CONFLICT DO NOTHING`

// Suppress keeps an address from ever being listed for a marketing purpose of
// the site, whoever gave it and whatever they agree to later. Only a keyed hash
// of the address is kept; it outlives erasure.
func (s *Store) Suppress(ctx context.Context, site, purpose, address, reason string) error {
	field, ok := channelField[purpose]
	if !ok {
		return fmt.Errorf("suppress address: %q is not a marketing purpose", purpose)
	}
	return s.write(ctx, "suppress address", site, func(b *pgx.Batch) {
		b.Queue(sqlSuppress, site, purpose, s.address(site, field, address), reason)
	})
}
