package pgstore

import (
	"testing"

	"zgoda/persistence"
)

// P8: a conversation store that was rolled back asks the ledger. A record that it
// forgot and that is still on its way must not be taken for, nor take the place
// of, the one that gets its number now.
func TestP8_FenceVoidsWhatWasForgotten(t *testing.T) {
	t.Parallel()
	s, _ := openTest(t)
	apply := func(want persistence.Verdict, records ...persistence.Record) {
		t.Helper()
		got, err := s.Apply(t.Context(), "shop", records)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got {
			if v != want {
				t.Errorf("record %d: verdict %v, want %v", records[i].VSeq, v, want)
			}
		}
	}
	apply(persistence.Applied, seenRecord("shop", "v", 1), requestRecord("shop", "v", 2))
	rec, err := s.Fence(t.Context(), "shop", "v", "life 2")
	if err != nil || rec.AppliedVSeq <= 3 || rec.Consents[persistence.PurposeLead].Status != persistence.StatusRequested {
		t.Fatalf("the fence answers %+v %v", rec, err)
	}
	again, err := s.Fence(t.Context(), "shop", "v", "life 2")
	if err != nil || again.AppliedVSeq != rec.AppliedVSeq {
		t.Errorf("another node of the same life finds the numbers at %d %v, want %d", again.AppliedVSeq, err, rec.AppliedVSeq)
	}
	apply(persistence.AlreadyApplied, grantRecord("shop", "v", 3)) // late, and forgotten
	if now, err := s.Visitor(t.Context(), "shop", "v"); err != nil || now.Consents[persistence.PurposeLead].Status != persistence.StatusRequested {
		t.Errorf("what was void has changed the ledger: %+v %v", now, err)
	}
	top := rec.AppliedVSeq
	grant := grantRecord("shop", "v", top+1)
	grant.Entry.Request = entryID("v", 2)
	apply(persistence.Applied, grant)
	withdrawn := entryRecord("shop", "v", top+2, persistence.LedgerEntry{
		Kind: persistence.KindWithdrawn, Grant: grant.Entry.Grant, Actor: "visitor", Method: "widget",
	})
	apply(persistence.Applied, withdrawn)
	rec, err = s.Fence(t.Context(), "shop", "v", "life 3")
	if err != nil || rec.AppliedVSeq <= top+2 {
		t.Fatalf("another life moves on again, got %+v %v", rec, err)
	}
	lead := rec.Consents[persistence.PurposeLead]
	if lead.Status != persistence.StatusWithdrawn || !lead.DeclinedAt.Equal(withdrawn.At) {
		t.Errorf("the withdrawal is told with its time, got %+v", lead)
	}
	if err := s.VerifyChain(t.Context(), "shop", "v"); err != nil {
		t.Errorf("the chain: %v", err)
	}
}

// A visitor that only the lost records had made known becomes known.
func TestFenceOfAnUnknownVisitor(t *testing.T) {
	t.Parallel()
	s, _ := openTest(t)
	rec, err := s.Fence(t.Context(), "shop", "v", "life 2")
	if err != nil || rec.AppliedVSeq == 0 || rec.Consents[persistence.PurposeLead].Status != persistence.StatusNotAsked {
		t.Fatalf("got %+v %v", rec, err)
	}
	if got, err := s.Apply(t.Context(), "shop", []persistence.Record{seenRecord("shop", "v", 1)}); err != nil || got[0] != persistence.AlreadyApplied {
		t.Errorf("a forgotten record was taken: %v %v", got, err)
	}
	if got, err := s.Apply(t.Context(), "shop", []persistence.Record{requestRecord("shop", "v", rec.AppliedVSeq+1)}); err != nil || got[0] != persistence.Applied {
		t.Errorf("the next record was not taken: %v %v", got, err)
	}
	if _, err := s.Fence(t.Context(), "shop", "v", ""); err == nil {
		t.Error("a life without a name was taken")
	}
}
