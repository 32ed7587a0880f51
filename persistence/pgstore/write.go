package pgstore

import (
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"zgoda/persistence"
)

// Rows travel as one array for each column, so that a statement carries any
// number of them. WITH ORDINALITY keeps the order of the records, which is the
// order of the ledger.
const (
	sqlPutNotices = `INSERT INTO zgoda.notice (site, hash, locale, canonical)
		SELECT $1, t.hash, t.locale, t.canonical FROM unnest($2::bytea[], $3::text[], $4::text[]) AS t (hash, locale, canonical)
		ORDER BY t.hash ON CONFLICT DO NOTHING`
	sqlPutPolicies = `INSERT INTO zgoda.policy (site, policy, first_used)
		SELECT $1, t.policy, t.first_used FROM unnest($2::text[], $3::timestamptz[]) AS t (policy, first_used)
		ORDER BY t.policy ON CONFLICT DO NOTHING`
	sqlPutEntries = `WITH added AS (
		INSERT INTO zgoda.consent_event (site, visitor, vseq, id, purpose, kind, request, grant_id, notice, locale, actor, method,
			occurred_at, valid_until)
		SELECT $1, t.visitor, t.vseq, t.id, t.purpose::zgoda.purpose, t.kind::zgoda.kind, nullif(t.request, ''), nullif(t.grant_id, ''),
			t.notice, nullif(t.locale, ''), t.actor, t.method, t.occurred_at, t.valid_until
		FROM unnest($2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bytea[], $10::text[],
			$11::text[], $12::text[], $13::timestamptz[], $14::timestamptz[]) WITH ORDINALITY
			AS t (visitor, vseq, id, purpose, kind, request, grant_id, notice, locale, actor, method, occurred_at, valid_until, place)
		ORDER BY t.place RETURNING clock_ahead)
		SELECT count(*) FILTER (WHERE clock_ahead) FROM added`
	// How long a contact is kept at the most is the promise of its grant, or where
	// there is none what the record says.
	sqlPutContacts = `INSERT INTO zgoda.contact AS c (site, visitor, grant_id, granted_vseq, policy, vseq, conversation, collected_at,
			contact_days, name, email, phone, custom, email_hash, phone_hash)
		SELECT $1, t.visitor, nullif(t.grant_id, ''), nullif(t.granted_vseq, 0), nullif(t.policy, ''), t.vseq, t.conversation,
			t.collected_at, coalesce((SELECT g.contact_days FROM zgoda.active_grant g
				WHERE g.site = $1 AND g.visitor = t.visitor AND g.purpose = 'lead_contact' AND g.grant_id = t.grant_id), t.contact_days),
			t.name, t.email, t.phone, t.custom, t.email_hash, t.phone_hash
		FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::text[], $8::timestamptz[],
			$9::text[], $10::text[], $11::text[], $12::jsonb[], $13::bytea[], $14::bytea[], $15::int[])
			AS t (visitor, grant_id, granted_vseq, policy, vseq, conversation, collected_at,
				name, email, phone, custom, email_hash, phone_hash, contact_days)
		ON CONFLICT (site, visitor, basis) DO UPDATE SET
			policy = excluded.policy, vseq = excluded.vseq, conversation = excluded.conversation, collected_at = excluded.collected_at,
			contact_days = excluded.contact_days, name = coalesce(excluded.name, c.name), email = coalesce(excluded.email, c.email),
			phone = coalesce(excluded.phone, c.phone),
			custom = c.custom || excluded.custom, email_hash = coalesce(excluded.email_hash, c.email_hash),
			phone_hash = coalesce(excluded.phone_hash, c.phone_hash)`
	sqlRestrict = `UPDATE zgoda.contact c SET restricted_at = t.at FROM unnest($2::text[], $3::timestamptz[]) AS t (visitor, at)
		WHERE c.site = $1 AND c.visitor = t.visitor`
	sqlAuditMany = `INSERT INTO zgoda.audit (site, actor, action, visitor, reason, people)
		SELECT $1, t.actor, t.action, t.visitor, t.reason, 1
		FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS t (actor, action, visitor, reason)`
	// Every visitor is there, so this changes rows; said like this it finds them
	// by key, whatever the planner believes about a table it has not looked at.
	sqlMove = `INSERT INTO zgoda.visitor AS v (site, visitor, first_seen, applied_vseq)
		SELECT $1, t.visitor, statement_timestamp(), t.vseq FROM unnest($2::text[], $3::bigint[]) AS t (visitor, vseq)
		ON CONFLICT (site, visitor) DO UPDATE SET applied_vseq = excluded.applied_vseq WHERE v.applied_vseq < excluded.applied_vseq`
	sqlProtect  = `DELETE FROM zgoda.contact WHERE site = $1 AND visitor = ANY ($2::text[])`
	sqlSetAside = `INSERT INTO zgoda.set_aside (site, visitor, vseq, reason, record)
		SELECT $1, t.visitor, t.vseq, t.reason, t.record
		FROM unnest($2::text[], $3::bigint[], $4::text[], $5::text[]) AS t (visitor, vseq, reason, record) ON CONFLICT DO NOTHING`
)

// A writing turns a plan into the statements of one batch.
type writing struct {
	s    *Store
	site string
	b    *pgx.Batch
	// ahead counts the entries whose clock was found wrong.
	ahead int
	// at is the record whose row was being taken when an error came, -1 where it
	// was none's. A statement of many rows goes by the first.
	at int
}

// queue adds the plan's statements. Notices and policies come first and sorted,
// and after the visitors were locked, so that two writers never wait for each
// other in a circle.
func (w *writing) queue(records []persistence.Record, p *plan) error {
	w.at = -1
	w.notices(p.notices)
	w.policies(p.policies)
	for i := range p.waves {
		if err := w.wave(&p.waves[i]); err != nil {
			return err
		}
	}
	if len(p.moves) > 0 {
		visitors := slices.Sorted(maps.Keys(p.moves))
		numbers := make([]int64, len(visitors))
		for i, v := range visitors {
			numbers[i] = number(p.moves[v])
		}
		w.b.Queue(sqlMove, w.site, visitors, numbers)
	}
	if len(p.protect) > 0 {
		w.b.Queue(sqlProtect, w.site, p.protect)
	}
	w.setAside(records, p.aside)
	return nil
}

func (w *writing) notices(notices map[string]*persistence.Notice) {
	if len(notices) == 0 {
		return
	}
	var hashes [][]byte
	var locales, texts []string
	for _, n := range notices {
		hashes = append(hashes, noticeHash(n.Hash))
		locales = append(locales, n.Locale)
		texts = append(texts, n.Canonical)
	}
	w.b.Queue(sqlPutNotices, w.site, hashes, locales, texts)
}

func (w *writing) policies(policies map[string]persistence.Record) {
	if len(policies) == 0 {
		return
	}
	var names []string
	var used []time.Time
	for name, r := range policies {
		names = append(names, name)
		used = append(used, r.At)
	}
	w.b.Queue(sqlPutPolicies, w.site, names, used)
}

func (w *writing) wave(v *wave) error {
	if len(v.entries) > 0 {
		w.entries(v.entries)
	}
	if len(v.contacts) > 0 {
		if err := w.contacts(v.contacts); err != nil {
			return err
		}
	}
	if len(v.restricts) > 0 {
		w.restricts(v.restricts)
	}
	return nil
}

// restricts writes who restricted or freed whose contact into the audit too.
func (w *writing) restricts(rows []restrictRow) {
	at := make([]*time.Time, len(rows))
	visitors, actors, actions, methods := make([]string, len(rows)), make([]string, len(rows)), make([]string, len(rows)), make([]string, len(rows))
	for i, r := range rows {
		visitors[i], actors[i], actions[i], methods[i] = r.visitor, r.Actor, persistence.ActionFreed, r.Method
		if r.On {
			at[i], actions[i] = &r.at, persistence.ActionRestricted
		}
	}
	w.b.Queue(sqlRestrict, w.site, visitors, at)
	w.check(w.b.Queue(sqlAuditMany, w.site, actors, actions, visitors, methods), rows[0].record)
}

func (w *writing) entries(rows []entryRow) {
	n := len(rows)
	text := func(of func(*entryRow) string) []string { return column(rows, of) }
	numbers, notices := make([]int64, n), make([][]byte, n)
	occurred, until := make([]time.Time, n), make([]*time.Time, n)
	for i := range rows {
		r := &rows[i]
		numbers[i], notices[i], occurred[i] = number(r.vseq), r.notice, r.OccurredAt
		if !r.ValidUntil.IsZero() {
			until[i] = &r.ValidUntil
		}
	}
	q := w.b.Queue(sqlPutEntries, w.site, text(func(r *entryRow) string { return r.visitor }), numbers,
		text(func(r *entryRow) string { return r.ID }), text(func(r *entryRow) string { return r.Purpose }),
		text(func(r *entryRow) string { return r.Kind }), text(func(r *entryRow) string { return r.Request }),
		text(func(r *entryRow) string { return r.Grant }), notices, text(func(r *entryRow) string { return r.Locale }),
		text(func(r *entryRow) string { return r.Actor }), text(func(r *entryRow) string { return r.Method }), occurred, until)
	record := rows[0].record
	q.QueryRow(func(row pgx.Row) error {
		w.at = record
		var ahead int
		if err := row.Scan(&ahead); err != nil {
			return err
		}
		w.ahead += ahead
		w.at = -1
		return nil
	})
}

func (w *writing) contacts(rows []contactRow) error {
	n := len(rows)
	granted, numbers, given, days := make([]int64, n), make([]int64, n), make([]time.Time, n), make([]int, n)
	names, emails, phones := make([]*string, n), make([]*string, n), make([]*string, n)
	custom, emailHashes, phoneHashes := make([][]byte, n), make([][]byte, n), make([][]byte, n)
	for i := range rows {
		r := &rows[i]
		v, err := w.s.columns(w.site, r.values)
		if err != nil {
			return err
		}
		granted[i], numbers[i], given[i] = number(r.Contact.GrantedVSeq), number(r.VSeq), r.Contact.Given(r.At)
		names[i], emails[i], phones[i], custom[i] = v.name, v.email, v.phone, v.custom
		emailHashes[i], phoneHashes[i] = v.emailHash, v.phoneHash
		days[i] = r.Contact.KeepDays
	}
	text := func(of func(*contactRow) string) []string { return column(rows, of) }
	q := w.b.Queue(sqlPutContacts, w.site, text(func(r *contactRow) string { return r.Visitor }),
		text(func(r *contactRow) string { return r.Contact.Grant }), granted,
		text(func(r *contactRow) string { return r.Contact.Policy }), numbers,
		text(func(r *contactRow) string { return r.Contact.Conversation }), given,
		names, emails, phones, custom, emailHashes, phoneHashes, days)
	w.check(q, rows[0].record)
	return nil
}

// check names the record where the statement is refused.
func (w *writing) check(q *pgx.QueuedQuery, record int) {
	q.Query(func(result pgx.Rows) error {
		w.at = record
		result.Close()
		if err := result.Err(); err != nil {
			return err
		}
		w.at = -1
		return nil
	})
}

func (w *writing) setAside(records []persistence.Record, rows []asideRow) {
	if len(rows) == 0 {
		return
	}
	var visitors, reasons, kept []string
	var numbers []int64
	for _, row := range rows {
		r := records[row.record]
		b, err := persistence.EncodeRecord(r)
		if err != nil {
			b = []byte(strings.ToValidUTF8(err.Error(), "\uFFFD"))
		}
		visitors = append(visitors, r.Visitor)
		numbers = append(numbers, number(r.VSeq))
		reasons = append(reasons, row.reason)
		kept = append(kept, string(b))
	}
	w.b.Queue(sqlSetAside, w.site, visitors, numbers, reasons, kept)
}

func column[R any](rows []R, of func(*R) string) []string {
	out := make([]string, len(rows))
	for i := range rows {
		out[i] = of(&rows[i])
	}
	return out
}

// noticeHash is a notice's name as the database has it, nil where it is none.
func noticeHash(name string) []byte {
	b, err := hex.DecodeString(name)
	if err != nil {
		return nil
	}
	return b
}
