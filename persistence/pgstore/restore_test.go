package pgstore

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"zgoda/persistence"
)

// tool runs a program of PostgreSQL's and returns what it wrote.
func tool(t *testing.T, in []byte, name string, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
		if len(found) == 0 {
			t.Skipf("LOUD: %s is not installed, so the restore drill is not run", name)
		}
		slices.Sort(found)
		path = found[len(found)-1]
	}
	var out, says bytes.Buffer
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &out, &says
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, &says)
	}
	return out.Bytes()
}

// TestC32_RestoreDrill: a dump from before an erasure is restored, and the erasure
// is replayed from the tombstones before anything is served. What was erased is in
// no table, what was lost besides is recorded, and everything else is as it was.
func TestC32_RestoreDrill(t *testing.T) {
	t.Parallel()
	s, d := openTest(t)
	channel := persistence.PurposeMarketingEmail
	const secret = "canary@example.test"
	agreed(t, s, "shop", "anna", channel, map[string]string{"email": secret})
	agreed(t, s, "shop", "jan", channel, map[string]string{"email": "jan@example.test"})
	agreed(t, s, "other", "anna", channel, map[string]string{"email": "other@example.test"})
	dump := tool(t, nil, "pg_dump", "--format=plain", d.dsn("postgres"))
	if !bytes.Contains(dump, []byte(secret)) {
		t.Fatal("the dump must be from before the erasure")
	}
	mustApply(t, s, seenRecord("shop", "anna", 7), eraseRecord("shop", "anna", 8))
	mustApply(t, s, append(gave("shop", "new", map[string]string{"email": secret}), eraseRecord("shop", "new", 5))...)
	stones, err := s.Tombstones(t.Context(), "shop", time.Time{})
	if err != nil || len(stones) != 2 {
		t.Fatalf("two erasures must be kept outside, got %v %v", stones, err)
	}

	restored := newDatabase(t, "template0")
	tool(t, dump, "psql", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-", restored.dsn("postgres"))
	r := restored.open(t)
	if got := listed(t, r, "shop", channel); !slices.Equal(got, []string{"anna", "jan"}) {
		t.Fatalf("the restored list is from before, got %v", got)
	}
	for _, want := range []int{2, 0} {
		if n, err := r.Bury(t.Context(), "shop", stones); err != nil || n != want {
			t.Fatalf("buried %d %v, want %d", n, err, want)
		}
	}
	if got := listed(t, r, "shop", channel); !slices.Equal(got, []string{"jan"}) {
		t.Errorf("who was erased is on no list, got %v", got)
	}
	if got := listed(t, r, "other", channel); !slices.Equal(got, []string{"anna"}) {
		t.Errorf("another site's visitor of the same name must not be touched, got %v", got)
	}
	// VACUUM takes the old versions of rows that are nobody's any more.
	restored.exec(t, "postgres", `VACUUM FULL`)
	if after := tool(t, nil, "pg_dump", "--format=plain", restored.dsn("postgres")); bytes.Contains(after, []byte(secret)) {
		t.Error("what was erased must be in no table")
	}
	if n := restored.number(t, `SELECT count(*) FROM zgoda.lost WHERE visitor = 'anna' AND first_vseq = 7 AND last_vseq = 7`); n != 1 {
		t.Error("what the restored store never saw must be recorded as lost")
	}
	// What comes again is known; what is new of others is applied.
	got, err := r.Apply(t.Context(), "shop", []persistence.Record{
		seenRecord("shop", "anna", 7), eraseRecord("shop", "anna", 8), contactRecord("shop", "anna", 9, 3, map[string]string{"email": secret}),
		seenRecord("shop", "jan", 7),
	})
	want := []persistence.Verdict{persistence.AlreadyApplied, persistence.AlreadyApplied, persistence.Shredded, persistence.Applied}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("verdicts %v %v, want %v", got, err, want)
	}
	for _, v := range []string{"anna", "jan", "new"} {
		if err := r.VerifyChain(t.Context(), "shop", v); err != nil {
			t.Errorf("%s: %v", v, err)
		}
	}
	// The restored counts are what the restored pages show.
	o, err := r.Overview(t.Context(), "shop", asTest, persistence.OverviewQuery{})
	if err != nil || len(o.Rows) != 3 || o.Counts[channel][persistence.StatusErased] != 2 || o.Counts[channel][persistence.StatusGranted] != 1 {
		t.Errorf("the overview must show one who agreed and two who were erased, got %v %v", o.Counts, err)
	}
}
