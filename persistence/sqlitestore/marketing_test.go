package sqlitestore

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"zgoda/persistence"
)

// marketable brings a visitor to a contact and a grant of a marketing purpose.
func marketable(t *testing.T, s *Store, visitor, purpose string, values map[string]string) {
	t.Helper()
	asked, granted := requestRecord("shop", visitor, 4), grantRecord("shop", visitor, 5)
	asked.Entry.Purpose, granted.Entry.Purpose = purpose, purpose
	mustApply(t, s, append(giveContact(visitor, values), asked, granted)...)
}

func onList(t *testing.T, s *Store, purpose string) []string {
	t.Helper()
	l, err := s.Marketing(t.Context(), "shop", asTest, purpose)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, r := range l.Rows {
		out = append(out, r.Visitor)
	}
	return out
}

func TestSuppressedAddressIsOnNoList(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	both := func(name string) map[string]string {
		return map[string]string{"email": name + "@Example.test", "phone": "+48 600 " + name}
	}
	marketable(t, s, "anna", persistence.PurposeMarketingEmail, both("111"))
	marketable(t, s, "jan", persistence.PurposeMarketingEmail, both("222"))
	marketable(t, s, "ewa", persistence.PurposeMarketingSMS, both("111"))
	for _, c := range []struct{ site, purpose, address string }{
		{"shop", persistence.PurposeMarketingEmail, " 111@example.TEST"},
		{"other", persistence.PurposeMarketingEmail, "222@example.test"},
		{"shop", persistence.PurposeMarketingPhone, "+48600111"},
	} {
		if err := s.Suppress(t.Context(), c.site, c.purpose, c.address, "objected"); err != nil {
			t.Fatal(err)
		}
	}
	if got := onList(t, s, persistence.PurposeMarketingEmail); !slices.Equal(got, []string{"jan"}) {
		t.Errorf("a suppressed address must be off the list, however it is spelled, got %v", got)
	}
	if got := onList(t, s, persistence.PurposeMarketingSMS); !slices.Equal(got, []string{"ewa"}) {
		t.Errorf("an address is suppressed for one channel, got %v", got)
	}
	if err := s.Suppress(t.Context(), "shop", persistence.PurposeMarketingSMS, "+48 (600) 111", "objected"); err != nil {
		t.Fatal(err)
	}
	if got := onList(t, s, persistence.PurposeMarketingSMS); len(got) != 0 {
		t.Errorf("a suppressed number must be off the list, however it is spelled, got %v", got)
	}
	if err := s.Suppress(t.Context(), "shop", persistence.PurposeLead, "111@example.test", "objected"); err == nil {
		t.Error("an enquiry is no channel that could be suppressed")
	}
	// What is suppressed survives the erasure, the address does not.
	mustApply(t, s, eraseRecord("shop", "anna", 6))
	mustApply(t, s, eraseRecord("shop", "ewa", 6))
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(s.path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if text := strings.ToLower(string(b)); strings.Contains(text, "111@example") || strings.Contains(text, "600 111") {
			t.Errorf("a suppression must not keep the address it suppresses")
		}
	}
	marketable(t, s, "anna again", persistence.PurposeMarketingEmail, both("111"))
	if got := onList(t, s, persistence.PurposeMarketingEmail); !slices.Equal(got, []string{"jan"}) {
		t.Errorf("a suppression must outlive the visitor it came from, got %v", got)
	}
}

func TestRestrictedContactIsOnNoList(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	marketable(t, s, "anna", persistence.PurposeMarketingEmail, map[string]string{"email": "a@example.test"})
	err := s.write(t.Context(), "restrict", func(tx *tx) error {
		_, err := tx.exec(`UPDATE contact SET restricted_at = ? WHERE visitor = 'anna'`, time.Now().UnixNano())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := onList(t, s, persistence.PurposeMarketingEmail); len(got) != 0 {
		t.Errorf("a contact whose use is restricted must be on no list, got %v", got)
	}
}

// TestP9_CorrectedValueIsInNoFile: the old value of a corrected field is erased
// text too.
func TestP9_CorrectedValueIsInNoFile(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	mustApply(t, s, giveContact("anna", map[string]string{"name": canary(1)})...)
	mustApply(t, s, contactRecord("shop", "anna", 4, 2, map[string]string{"name": "Anna"}))
	if n := canariesIn(t, s, map[string]bool{canary(1): true}); n != 0 {
		t.Errorf("a value that was corrected must be in no file, found %d", n)
	}
}

// BenchmarkOverview reads the first page and the counts of a large site.
func BenchmarkOverview(b *testing.B) {
	s := openTest(b)
	for from := 0; from < 20000; from += 500 {
		var records []persistence.Record
		for i := range 500 {
			records = append(records, giveContact(fmt.Sprintf("v%06d", from+i), map[string]string{"email": "a@example.test"})...)
		}
		if _, err := s.Apply(b.Context(), "shop", records); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if _, err := s.Overview(b.Context(), "shop", asTest, persistence.OverviewQuery{Limit: 50}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkApply flushes contacts into a store that grows: the time of one must
// not grow with it.
func BenchmarkApply(b *testing.B) {
	for _, stored := range []int{0, 5000} {
		b.Run(fmt.Sprintf("Stored=%d", stored), func(b *testing.B) {
			s := openTest(b)
			n := 0
			apply := func() {
				var records []persistence.Record
				for range 100 {
					n++
					records = append(records, giveContact(fmt.Sprintf("v%06d", n), map[string]string{"email": "a@example.test"})...)
				}
				if _, err := s.Apply(b.Context(), "shop", records); err != nil {
					b.Fatal(err)
				}
			}
			for n < stored {
				apply()
			}
			for b.Loop() {
				apply()
			}
			b.ReportMetric(float64(b.N)*100/b.Elapsed().Seconds(), "contacts/s")
		})
	}
}
