package botengine

import (
	"bytes"
	"encoding/binary"
	"fmt"
	goformat "go/format"
	"maps"
	"os"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

const dialPlanFile = "mask_plans.go"

// TestDialPlans holds mask_plans.go to the metadata of libphonenumber; -update
// writes it.
func TestDialPlans(t *testing.T) {
	want, err := goformat.Source(dialPlanSource(t))
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(dialPlanFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(dialPlanFile)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s differs from libphonenumber's metadata (go test -run TestDialPlans -update writes it): %v", dialPlanFile, err)
	}
}

func dialPlanSource(t *testing.T) []byte {
	t.Helper()
	all, err := phonenumbers.MetadataCollection()
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{}
	for _, m := range all.GetMetadata() {
		if m.GetId() != "001" {
			lines = append(lines, dialPlanLine(t, m))
		}
	}
	slices.Sort(lines)
	var b bytes.Buffer
	b.WriteString("// Code generated from the metadata of libphonenumber by TestDialPlans; DO NOT EDIT.\n\npackage botengine\n\nvar dialPlans = []dialPlan{\n")
	for _, l := range lines {
		b.WriteString(l)
	}
	b.WriteString("}\n")
	return b.Bytes()
}

func dialPlanLine(t *testing.T, m *phonenumbers.PhoneMetadata) string {
	t.Helper()
	leads := map[int][2]uint64{}
	for _, d := range []*phonenumbers.PhoneNumberDesc{
		m.FixedLine, m.Mobile, m.TollFree, m.PremiumRate, m.SharedCost, m.PersonalNumber, m.Voip, m.Pager, m.Uan,
	} {
		addLeads(t, leads, d, m.GetGeneralDesc())
	}
	lengths := []int{}
	for n := range leads {
		lengths = append(lengths, n)
	}
	slices.Sort(lengths)
	var b strings.Builder
	fmt.Fprintf(&b, "{%q, %q, %q, %t, []lead{", m.GetId(), fmt.Sprint(m.GetCountryCode()), m.GetNationalPrefix(), trunkIsWritten(m))
	for i, n := range lengths {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "{%d, %#x, %#x}", n, leads[n][0], leads[n][1])
	}
	b.WriteString("}},\n")
	return b.String()
}

// trunkIsWritten tells whether national numbers are always written with the trunk
// prefix.
func trunkIsWritten(m *phonenumbers.PhoneMetadata) bool {
	for _, kind := range []phonenumbers.PhoneNumberType{phonenumbers.FIXED_LINE, phonenumbers.MOBILE} {
		if n := phonenumbers.GetExampleNumberForType(m.GetId(), kind); n != nil {
			written := phonenumbers.NormalizeDigitsOnly(phonenumbers.Format(n, phonenumbers.NATIONAL))
			if written == phonenumbers.GetNationalSignificantNumber(n) {
				return false
			}
		}
	}
	return true
}

// minShare is the share of the numbers of a length with two first digits that must
// be in use for these digits to count, beside those most in use for their kind: a
// few service numbers would make every number of that length one.
const minShare = 0.02

// addLeads adds the first two digits that numbers of a kind have at each length; a
// kind without lengths has those of all.
func addLeads(t *testing.T, leads map[int][2]uint64, d, general *phonenumbers.PhoneNumberDesc) {
	t.Helper()
	if d.GetNationalNumberPattern() == "" || d.GetNationalNumberPattern() == "NA" {
		return
	}
	a := newAutomaton(t, d.GetNationalNumberPattern())
	lengths := d.GetPossibleLength()
	if len(lengths) == 0 {
		lengths = general.GetPossibleLength()
	}
	shares := map[[2]int]float64{} // by length and first two digits
	most := 0.0
	for _, length := range lengths {
		const least = 3
		for two := range 100 {
			if length >= least {
				share := a.share(a.next(a.next(a.start(), two/10), two%10), int(length)-2)
				shares[[2]int{int(length), two}] = share
				most = max(most, share)
			}
		}
	}
	for at, share := range shares {
		if length, two := at[0], at[1]; share > 0 && share >= minShare*most {
			bits := leads[length]
			bits[two/64] |= 1 << (two % 64)
			leads[length] = bits
		}
	}
}

// An automaton is a pattern of digits as a machine whose states are the sets of
// places in its program, written as strings.
type automaton struct {
	prog   *syntax.Prog
	nexts  map[string]string
	shares map[string]float64
}

func newAutomaton(t *testing.T, pattern string) *automaton {
	t.Helper()
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		t.Fatal(err)
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		t.Fatal(err)
	}
	return &automaton{prog, map[string]string{}, map[string]float64{}}
}

func (a *automaton) start() string {
	return state(closure(a.prog, map[uint32]bool{}, uint32(a.prog.Start)))
}

func state(set map[uint32]bool) string {
	var b []byte
	for _, pc := range slices.Sorted(maps.Keys(set)) {
		b = binary.BigEndian.AppendUint32(b, pc)
	}
	return string(b)
}

func (a *automaton) next(from string, digit int) string {
	key := from + string(rune('0'+digit))
	if s, ok := a.nexts[key]; ok {
		return s
	}
	set := map[uint32]bool{}
	for b := []byte(from); len(b) > 0; b = b[4:] {
		inst := &a.prog.Inst[binary.BigEndian.Uint32(b)]
		if isRune(inst.Op) && inst.MatchRune(rune('0'+digit)) {
			closure(a.prog, set, inst.Out)
		}
	}
	a.nexts[key] = state(set)
	return a.nexts[key]
}

// share is which part of all strings of n digits leads from a state to a match.
func (a *automaton) share(from string, n int) float64 {
	if from == "" {
		return 0
	}
	if n == 0 {
		for b := []byte(from); len(b) > 0; b = b[4:] {
			if a.prog.Inst[binary.BigEndian.Uint32(b)].Op == syntax.InstMatch {
				return 1
			}
		}
		return 0
	}
	key := fmt.Sprint(n, from)
	if s, ok := a.shares[key]; ok {
		return s
	}
	sum := 0.0
	for digit := range 10 {
		sum += a.share(a.next(from, digit), n-1)
	}
	a.shares[key] = sum / 10
	return sum / 10
}

func isRune(op syntax.InstOp) bool {
	return op == syntax.InstRune || op == syntax.InstRune1 || op == syntax.InstRuneAny || op == syntax.InstRuneAnyNotNL
}

func closure(prog *syntax.Prog, set map[uint32]bool, pc uint32) map[uint32]bool {
	if set[pc] {
		return set
	}
	set[pc] = true
	switch inst := &prog.Inst[pc]; inst.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		closure(prog, set, inst.Out)
		closure(prog, set, inst.Arg)
	case syntax.InstCapture, syntax.InstNop, syntax.InstEmptyWidth:
		closure(prog, set, inst.Out)
	}
	return set
}

// TestC24_NumbersOfAllCountries: the example numbers of libphonenumber are found
// as their country writes them, inside it and from abroad.
func TestC24_NumbersOfAllCountries(t *testing.T) {
	t.Parallel()
	kinds := []phonenumbers.PhoneNumberType{phonenumbers.FIXED_LINE, phonenumbers.MOBILE}
	for region := range phonenumbers.GetSupportedRegions() {
		for _, kind := range kinds {
			n := phonenumbers.GetExampleNumberForType(region, kind)
			if n == nil {
				continue
			}
			for _, form := range []phonenumbers.PhoneNumberFormat{phonenumbers.E164, phonenumbers.INTERNATIONAL, phonenumbers.NATIONAL} {
				text := phonenumbers.Format(n, form)
				digits := phonenumbers.NormalizeDigitsOnly(text)
				if region == "TM" && form == phonenumbers.NATIONAL {
					continue // (8 12) 34-56-78 looks like lottery numbers, as no other would
				}
				if len(digits) < minPhoneDigits || form != phonenumbers.NATIONAL && len(digits) <= minPhoneDigits {
					continue // nothing tells so short a number from another
				}
				line := "xxx " + text + " yyy"
				if got := mark(MaskContacts(line, region)); got != "xxx ••• yyy" {
					t.Errorf("%s: %q became %q", region, line, got)
				}
			}
		}
	}
}
