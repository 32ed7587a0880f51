package botengine

import (
	"bytes"
	"fmt"
	"go/format"
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
	want, err := format.Source(dialPlanSource(t))
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
	b.WriteString("package botengine\n\n// Code generated from the metadata of libphonenumber by TestDialPlans; DO NOT EDIT.\n\nvar dialPlans = []dialPlan{\n")
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

// addLeads adds the first two digits that numbers of each length can have; a kind
// of number without lengths has those of all.
func addLeads(t *testing.T, leads map[int][2]uint64, d, general *phonenumbers.PhoneNumberDesc) {
	t.Helper()
	if d.GetNationalNumberPattern() == "" || d.GetNationalNumberPattern() == "NA" {
		return
	}
	re, err := syntax.Parse(d.GetNationalNumberPattern(), syntax.Perl)
	if err != nil {
		t.Fatal(err)
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		t.Fatal(err)
	}
	lengths := d.GetPossibleLength()
	if len(lengths) == 0 {
		lengths = general.GetPossibleLength()
	}
	for _, length := range lengths {
		for two := range 100 {
			if length > 0 && canMatch(prog, two, int(length)) {
				bits := leads[int(length)]
				bits[two/64] |= 1 << (two % 64)
				leads[int(length)] = bits
			}
		}
	}
}

// canMatch tells whether some number of that length that begins with these two
// digits matches: after them any digit will do.
func canMatch(prog *syntax.Prog, two, length int) bool {
	states := closure(prog, map[uint32]bool{}, uint32(prog.Start))
	for i := range length {
		next := map[uint32]bool{}
		for pc := range states {
			for digit := rune('0'); digit <= '9'; digit++ {
				if i < 2 && digit != rune(fmt.Sprintf("%02d", two)[i]) {
					continue
				}
				if inst := &prog.Inst[pc]; isRune(inst.Op) && inst.MatchRune(digit) {
					closure(prog, next, inst.Out)
				}
			}
		}
		states = next
	}
	for pc := range states {
		if prog.Inst[pc].Op == syntax.InstMatch {
			return true
		}
	}
	return false
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
