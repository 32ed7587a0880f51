package botengine

// A dialPlan is how the phone numbers of a country look.
type dialPlan struct {
	region, code string // "PL", "48"
	trunk        string // what is dialled before a national number, "0"
	trunkWritten bool   // national numbers are never written without it
	leads        []lead
}

// A lead says with which two digits numbers of a length begin: bit n is 1 when n
// is one of them. Lengths are without trunk prefix.
type lead struct {
	length int
	lo, hi uint64
}

// maxNational bounds national numbers, without trunk prefix. Longer ones that
// plans allow are those of branch exchanges.
const maxNational = 12

// plansOf has the plans by region, plansAt by calling code.
var plansOf, plansAt = func() (map[string]*dialPlan, map[string][]*dialPlan) {
	of, at := map[string]*dialPlan{}, map[string][]*dialPlan{}
	for i := range dialPlans {
		p := &dialPlans[i]
		of[p.region] = p
		at[p.code] = append(at[p.code], p)
	}
	return of, at
}()

// noPlan is where no national numbers are known.
var noPlan = &dialPlan{}

func dialPlanOf(region string) *dialPlan {
	if p := plansOf[region]; p != nil {
		return p
	}
	return noPlan
}

// has tells whether digits can be a number of the plan, without trunk prefix.
func (p *dialPlan) has(digits []byte) bool {
	if len(digits) < 2 || len(digits) > maxNational {
		return false
	}
	two := uint(digits[0]-'0')*10 + uint(digits[1]-'0')
	for _, l := range p.leads {
		if l.length == len(digits) {
			bits := l.lo
			if two >= 64 {
				bits, two = l.hi, two-64
			}
			return bits>>two&1 == 1
		}
	}
	return false
}

// national tells whether digits are a number as it is written inside the country.
func (p *dialPlan) national(digits []byte) bool {
	if !p.trunkWritten && p.has(digits) {
		return true
	}
	n := len(p.trunk)
	if n == 0 || len(digits) <= n || string(digits[:n]) != p.trunk {
		return false
	}
	rest := digits[n:]
	return p.has(rest) || rest[0] == '0' && p.has(rest[1:]) // Belarus dials 8 0
}

// abroad tells whether digits are a calling code and a number there; a trunk zero
// may have been left in: +44 (0)20.
func abroad(digits []byte) bool {
	for n := 1; n <= 3 && n < len(digits); n++ {
		for _, p := range plansAt[string(digits[:n])] {
			rest := digits[n:]
			if p.has(rest) || rest[0] == '0' && p.has(rest[1:]) {
				return true
			}
		}
	}
	return false
}

// knownCode tells whether digits begin with a calling code.
func knownCode(digits []byte) bool {
	for n := 1; n <= 3 && n < len(digits); n++ {
		if plansAt[string(digits[:n])] != nil {
			return true
		}
	}
	return false
}
