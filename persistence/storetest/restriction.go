package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"zgoda/persistence"
)

// agreeing returns the records that bring the visitor to a grant.
func (v *visit) agreeing() []persistence.Record {
	asked := v.request(persistence.PurposeLead)
	return []persistence.Record{asked, v.answer(asked, persistence.KindGranted)}
}

// restrict restricts the visitor's contact or frees it.
func (v *visit) restrict(on bool) persistence.Record {
	r := v.record()
	r.Restrict = &persistence.Restriction{ID: fmt.Sprintf("%s-r%d", v.visitor, r.VSeq), On: on, Actor: "operator:7", Method: "console"}
	return r
}

func restrictedIsNotUsed(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	v.done(v.contact(v.granted(), email))
	v.agree(persistence.PurposeMarketingEmail)
	on := v.restrict(true)
	v.done(on)
	restricted := func(want bool, sentence string) {
		t.Helper()
		p, err := s.Person(t.Context(), "shop", "anna", asTest)
		o, err2 := s.Overview(t.Context(), "shop", asTest, persistence.OverviewQuery{Limit: 10})
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		if v.get().Restricted != want || p.RestrictedAt.IsZero() == want || o.Rows[0].Restricted != want {
			t.Errorf("%s: the visitor says %v, the person %v, the overview %v", sentence, v.get().Restricted, p.RestrictedAt, o.Rows[0].Restricted)
		}
		if got := listed(t, s, "shop", persistence.PurposeMarketingEmail); (len(got) == 0) != want {
			t.Errorf("%s: the list holds %v", sentence, got)
		}
		v.holds(email, sentence+": the contact is kept")
	}
	restricted(true, "a restricted contact is stored and not used")
	if p, _ := s.Person(t.Context(), "shop", "anna", asTest); !p.RestrictedAt.Equal(on.At) {
		t.Errorf("a restriction must say since when, got %v", p.RestrictedAt)
	}
	var did []string
	for _, e := range audited(t, s, "shop") {
		if e.Actor == "operator:7" && e.Visitor == "anna" {
			did = append(did, e.Action)
		}
	}
	if !slices.Equal(did, []string{persistence.ActionRestricted}) {
		t.Errorf("who restricted must be in the audit once, got %v", did)
	}
	off := v.restrict(false)
	v.done(off)
	restricted(false, "a contact that is free again is used again")
	v.apply(verdicts{already, already}, on, off)
	restricted(false, "a restriction that comes again changes nothing")
}

func restrictionsInOrder(t *testing.T, s ContactStore) {
	for name, tt := range map[string]struct {
		records func(v *visit, grant persistence.Record) []persistence.Record
		want    bool
	}{
		"contact, on": {func(v *visit, g persistence.Record) []persistence.Record {
			return []persistence.Record{v.contact(g, email), v.restrict(true)}
		}, true},
		"on, contact": {func(v *visit, g persistence.Record) []persistence.Record {
			return []persistence.Record{v.restrict(true), v.contact(g, email)}
		}, false},
		"on, off, on": {func(v *visit, g persistence.Record) []persistence.Record {
			return []persistence.Record{v.contact(g, email), v.restrict(true), v.restrict(false), v.restrict(true)}
		}, true},
		"on, off": {func(v *visit, g persistence.Record) []persistence.Record {
			return []persistence.Record{v.contact(g, email), v.restrict(true), v.restrict(false)}
		}, false},
		"on, more fields": {func(v *visit, g persistence.Record) []persistence.Record {
			return []persistence.Record{v.contact(g, email), v.restrict(true), v.contact(g, map[string]string{"name": "Anna"})}
		}, true},
		"on, withdrawn, agreed": {func(v *visit, g persistence.Record) []persistence.Record {
			out := []persistence.Record{v.contact(g, email), v.restrict(true), v.end(g, persistence.KindWithdrawn)}
			out = append(out, v.agreeing()...)
			return append(out, v.contact(out[len(out)-1], email))
		}, false},
		"erased, on": {func(v *visit, g persistence.Record) []persistence.Record {
			return []persistence.Record{v.contact(g, email), v.erase(), v.restrict(true)}
		}, false},
	} {
		for _, atOnce := range []bool{true, false} {
			v := newVisit(t, s, "shop", fmt.Sprint(name, atOnce))
			records := tt.records(v, v.granted())
			if atOnce {
				v.done(records...)
			} else {
				for _, r := range records {
					v.done(r)
				}
			}
			if got := v.get().Restricted; got != tt.want {
				t.Errorf("%s (at once %v): restricted is %v, want %v", name, atOnce, got, tt.want)
			}
		}
	}
	v := newVisit(t, s, "shop", "nothing to restrict")
	seen, on, off := v.seen(), v.restrict(true), v.restrict(false)
	v.apply(verdicts{notYet}, on)
	v.done(seen, on, off)
	if r := v.get(); r.Restricted || r.AppliedVSeq != 3 {
		t.Errorf("a restriction of nothing is applied and changes nothing, got %+v", r)
	}
}

func restrictionIsThePersons(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	v.done(v.seen())
	r := v.record()
	r.Contact = &persistence.ContactRecord{Policy: "policy-1", Conversation: "c", Values: email}
	v.done(r, v.restrict(true))
	records := v.agreeing()
	v.done(append(records, v.contact(records[1], email))...)
	v.agree(persistence.PurposeMarketingEmail)
	if got := listed(t, s, "shop", persistence.PurposeMarketingEmail); len(got) != 0 {
		t.Errorf("a person whose contact is restricted is on no list, whatever another contact of theirs rests on, got %v", got)
	}
	v.done(v.restrict(false))
	if got := listed(t, s, "shop", persistence.PurposeMarketingEmail); !slices.Equal(got, []string{"anna"}) {
		t.Errorf("who is free again is on the list again, got %v", got)
	}
}
