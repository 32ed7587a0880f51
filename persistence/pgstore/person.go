package pgstore

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"zgoda/persistence"
)

const (
	sqlGetPerson = `SELECT first_seen, erased_at FROM zgoda.visitor WHERE site = $1 AND visitor = $2 AND applied_vseq > 0`
	// All that is held, also under a grant that has run out and was not ended yet.
	// What the visitor agreed to comes last and wins.
	sqlGetHeld = `SELECT coalesce(grant_id, ''), coalesce(policy, ''), collected_at, restricted_at, name, email, phone, custom
		FROM zgoda.contact WHERE site = $1 AND visitor = $2 ORDER BY basis DESC`
	sqlFind = `SELECT visitor FROM (
		(SELECT c.visitor FROM zgoda.contact c WHERE c.site = $1 AND c.email_hash = $2 ORDER BY c.visitor LIMIT $4) UNION
		(SELECT c.visitor FROM zgoda.contact c WHERE c.site = $1 AND c.phone_hash = $3 ORDER BY c.visitor LIMIT $4)) x ORDER BY visitor LIMIT $4`
)

// Person implements persistence.Privacy.
func (s *Store) Person(ctx context.Context, site, visitor string, access persistence.Access) (persistence.Person, error) {
	if err := access.Validate(); err != nil {
		return persistence.Person{}, err
	}
	out := persistence.Person{Visitor: visitor, Proof: persistence.Proof{Site: site, Visitor: visitor}}
	var people map[string]*person
	err := s.acquire(ctx, "read person", site, func(t *tx) error {
		var b pgx.Batch
		t.begin(&b, audited)
		b.Queue(sqlGetPerson, site, visitor).QueryRow(func(row pgx.Row) error {
			var erased *time.Time
			err := found(row.Scan(&out.FirstSeen, &erased))
			out.FirstSeen, out.ErasedAt = out.FirstSeen.UTC(), moment(erased)
			return err
		})
		people = queuePeople(&b, site, []string{visitor})
		queueHeld(&b, site, visitor, &out)
		queueProof(&b, &out.Proof)
		if err := t.send(&b); err != nil {
			return err
		}
		return t.commitAudited(access, persistence.ActionRead, visitor, 1)
	})
	if err != nil {
		return persistence.Person{}, err
	}
	out.Consents = people[visitor].consents
	return out, nil
}

func queueHeld(b *pgx.Batch, site, visitor string, out *persistence.Person) {
	b.Queue(sqlGetHeld, site, visitor).Query(func(rows pgx.Rows) error {
		var grant, policy string
		var at time.Time
		var restricted *time.Time
		var v contactValues
		_, err := pgx.ForEachRow(rows, []any{
			&grant, &policy, &at, &restricted, &v.name, &v.email, &v.phone, &v.custom,
		}, func() error {
			var err error
			out.Grant, out.Policy = out.Grant+grant, out.Policy+policy
			if at.After(out.CollectedAt) {
				out.CollectedAt = at.UTC()
			}
			if restricted != nil {
				out.RestrictedAt = restricted.UTC()
			}
			out.Fields, err = v.fields(out.Fields)
			return err
		})
		return err
	})
}

// Find implements persistence.Privacy. It asks for the keyed hash of the address
// and leaves none of it anywhere.
func (s *Store) Find(ctx context.Context, site string, access persistence.Access, address string) ([]string, error) {
	return s.find(ctx, site, access, address, persistence.ActionSought, nil)
}

// Object implements persistence.Privacy.
func (s *Store) Object(ctx context.Context, site string, access persistence.Access, address string) ([]string, error) {
	return s.find(ctx, site, access, address, persistence.ActionObjected, persistence.ObjectedTo(address))
}

// find finds an address, once it is suppressed for the purposes.
func (s *Store) find(ctx context.Context, site string, access persistence.Access, address, action string, suppressed []string) ([]string, error) {
	if err := access.Validate(); err != nil {
		return nil, err
	}
	if address = strings.TrimSpace(address); address == "" && action == persistence.ActionObjected {
		return nil, errors.New("object to marketing: the address is empty")
	}
	var email, phone []byte
	if strings.Contains(address, "@") {
		email = s.address(site, "email", address)
	} else {
		phone = s.address(site, "phone", address)
	}
	var out []string
	err := s.acquire(ctx, "find address", site, func(t *tx) error {
		var b pgx.Batch
		t.begin(&b, audited)
		for _, purpose := range suppressed {
			b.Queue(sqlSuppress, site, purpose, s.address(site, channelField[purpose], address), "objected")
		}
		b.Queue(sqlFind, site, email, phone, persistence.MaxFound).Query(func(rows pgx.Rows) error {
			var err error
			out, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
		if err := t.send(&b); err != nil {
			return err
		}
		return t.commitAudited(access, action, "", len(out))
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// commitAudited keeps who looked at how many people, and commits.
func (t *tx) commitAudited(access persistence.Access, action, visitor string, people int) error {
	var b pgx.Batch
	queueAudit(&b, t.site, access, action, visitor, people)
	b.Queue("COMMIT")
	err := t.send(&b)
	if err == nil {
		t.end()
	}
	return err
}
