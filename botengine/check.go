package botengine

import (
	"net/mail"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
)

// Reasons why an answer will not do. Most have a hint for the visitor.
const (
	hintNoAt      = "no_at"
	hintNoDot     = "no_dot"
	hintSpace     = "space"
	hintTooShort  = "too_short"
	hintTooLong   = "too_long"
	hintTooLow    = "too_low"
	hintTooHigh   = "too_high"
	hintDate      = "date"
	hintManyFound = "many"
	hintNone      = "wrong"
)

// Limits of answers, in characters.
const (
	maxName = 100
	maxText = 2000
)

// check tells what value the line gives to the question, or why none.
func (t *turn) check(st *step) (value, why string) {
	s := t.in.Text
	switch st.ask.kind {
	case "name":
		return checkName(s)
	case "email", "phone":
		return t.checkDetail(st.ask.kind)
	case "number":
		return t.checkNumber(st.ask)
	case "date":
		return checkDate(s, t.v.locale)
	case "one_of":
		if i, ok := t.labelled(st); ok {
			return st.ask.options[i].id, ""
		}
		return "", hintNone
	default:
		if utf8.RuneCountInString(s) > maxText {
			return "", hintNone
		}
		return withoutDetails(s, t.found), ""
	}
}

// checkDetail checks an e-mail address or phone number. The whole line may be
// it, or it may stand alone in a sentence.
func (t *turn) checkDetail(kind string) (value, why string) {
	of := func(s string) (string, string) {
		if kind == "email" {
			return checkEmail(s)
		}
		return checkPhone(s, t.b.settings.Region)
	}
	if value, why = of(t.in.Text); why == "" {
		return value, ""
	}
	if d, ok := t.onlyDetail(kind); ok {
		if v, w := of(t.in.Text[d.start:d.end]); w == "" {
			return v, ""
		}
	} else if len(t.found) > 1 {
		return "", hintManyFound
	}
	return "", why
}

// onlyDetail is the one contact detail in the line, if it is of this kind.
func (t *turn) onlyDetail(kind string) (detail, bool) {
	if len(t.found) == 1 && t.found[0].kind == kind {
		return t.found[0], true
	}
	return detail{}, false
}

// checkName wants letters, as names have them, and no digits or addresses.
func checkName(s string) (value, why string) {
	if strings.Contains(s, "  ") || strings.ContainsAny(s, "\t\n") {
		s = strings.Join(strings.Fields(s), " ")
	}
	letters := 0
	for _, r := range s {
		switch {
		case unicode.IsLetter(r):
			letters++
		case unicode.Is(unicode.M, r), unicode.Is(unicode.Cf, r), strings.ContainsRune(" -'’.,·ʼ", r):
		default:
			return "", hintNone
		}
	}
	lower := s
	if strings.Contains(s, ".") {
		lower = strings.ToLower(s)
	}
	if letters == 0 || utf8.RuneCountInString(s) > maxName || strings.Contains(lower, "www.") || dottedName(lower) {
		return "", hintNone
	}
	return s, ""
}

// dottedName tells a host name from an initial: "sklep.pl" from "J. Kowalski".
func dottedName(s string) bool {
	for i, r := range s {
		if r != '.' || i == 0 || i+1 >= len(s) {
			continue
		}
		if s[i+1] != ' ' && i >= 3 && !strings.ContainsAny(s[i-3:i], " .") {
			return true
		}
	}
	return false
}

// checkEmail accepts what mail servers accept, which is less than net/mail does:
// no display name, no quoted local part, no literal address, a dot in the host.
func checkEmail(s string) (value, why string) {
	local, host, found := strings.Cut(s, "@")
	switch {
	case !found:
		return "", hintNoAt
	case strings.ContainsFunc(s, unicode.IsSpace):
		return "", hintSpace
	case !strings.Contains(host, "."):
		return "", hintNoDot
	case len(s) > 254 || len(local) > 64 || strings.ContainsAny(s, "[]\"<>(),;:\\"):
		return "", hintNone
	}
	addr, err := mail.ParseAddress(s)
	if err != nil || addr.Address != s || !goodHost(host) {
		return "", hintNone
	}
	return local + "@" + strings.ToLower(host), ""
}

// goodHost checks a domain's labels and wants a top level that is not a number.
func goodHost(host string) bool {
	top := ""
	for l := range strings.SplitSeq(host, ".") {
		top = l
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
		for _, r := range l {
			if r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r) {
				return false
			}
		}
	}
	return utf8.RuneCountInString(top) >= 2 && strings.ContainsFunc(top, unicode.IsLetter)
}

// checkPhone accepts a valid number of the region, or an international one.
func checkPhone(s, region string) (value, why string) {
	if len(s) > 64 || strings.ContainsFunc(s, unicode.IsLetter) {
		return "", hintNone
	}
	n, err := phonenumbers.Parse(s, region)
	if err != nil {
		return "", hintNone
	}
	if phonenumbers.IsValidNumber(n) {
		return phonenumbers.Format(n, phonenumbers.E164), ""
	}
	switch phonenumbers.IsPossibleNumberWithReason(n) {
	case phonenumbers.TOO_SHORT:
		return "", hintTooShort
	case phonenumbers.TOO_LONG:
		return "", hintTooLong
	}
	return "", hintNone
}

// checkNumber accepts a number with a comma or a point, within the step's range.
// A phone number is none.
func (t *turn) checkNumber(a *ask) (value, why string) {
	if len(t.found) > 0 {
		return "", hintNone
	}
	s := strings.Map(func(r rune) rune {
		switch {
		case r == ',', r == '٫':
			return '.'
		case unicode.IsSpace(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return digit(r)
	}, t.in.Text)
	if len(s) > 32 || strings.ContainsFunc(s, unicode.IsLetter) {
		return "", hintNone
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return "", hintNone
	}
	if why := inRange(a, f); why != "" {
		return "", why
	}
	return strconv.FormatFloat(f, 'f', -1, 64), ""
}

// inRange tells why a number is not within the step's range, "" where it is.
func inRange(a *ask, f float64) (why string) {
	switch {
	case a.min != nil && f < *a.min:
		return hintTooLow
	case a.max != nil && f > *a.max:
		return hintTooHigh
	}
	return ""
}

// dateForms are the ways a date is written where the locale is spoken. Only one
// of them puts the month first: there a visitor expects it.
func dateForms(locale string) []string {
	if locale == "en-US" {
		return []string{"2006-01-02", "1/2/2006"}
	}
	return []string{"2006-01-02", "2.1.2006", "2. 1. 2006", "2/1/2006", "2-1-2006"}
}

// checkDate accepts a date as the locale writes it, and gives it as ISO 8601.
func checkDate(s, locale string) (value, why string) {
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1 // a direction mark that came along with the date
		}
		return digit(r)
	}, s)
	for _, form := range dateForms(locale) {
		if d, err := time.Parse(form, s); err == nil && d.Year() >= 1900 && d.Year() < 2200 {
			return d.Format(time.DateOnly), ""
		}
	}
	return "", hintDate
}

// digit gives a decimal digit of any script as the one of ASCII. Every range of
// them in Unicode begins with a zero and holds whole sets of ten.
func digit(r rune) rune {
	if r < utf8.RuneSelf || !unicode.Is(unicode.Nd, r) {
		return r
	}
	for _, x := range unicode.Nd.R16 {
		if rune(x.Lo) <= r && r <= rune(x.Hi) {
			return '0' + (r-rune(x.Lo))%10
		}
	}
	for _, x := range unicode.Nd.R32 {
		if rune(x.Lo) <= r && r <= rune(x.Hi) {
			return '0' + (r-rune(x.Lo))%10
		}
	}
	return r
}
