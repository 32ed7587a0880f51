package botengine

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
)

// maskMark stands where contact details were, in what is kept as plain text.
const maskMark = "•••"

// A detail is a contact detail found in a line: an "email" or a "phone", from
// byte start to byte end.
type detail struct {
	start, end int
	kind       string
}

// MaskContacts finds e-mail addresses and phone numbers in a text and returns it
// as spans in which they are masked. region is the country whose national phone
// numbers are known ("PL"); without one only international ones are.
func MaskContacts(text, region string) []Span {
	var spans []Span
	last := 0
	for _, d := range detect(text, region) {
		if d.start > last {
			spans = append(spans, Span{Text: text[last:d.start]})
		}
		spans = append(spans, Span{Masked: true})
		last = d.end
	}
	if last < len(text) {
		spans = append(spans, Span{Text: text[last:]})
	}
	return spans
}

// detect finds contact details, in order and without overlaps. What lies between
// them is looked at again by itself, until nothing more is found: a piece that is
// kept must be free of details when those beside it are gone.
func detect(s, region string) []detail {
	found := detectOnce(s, region)
	for more := len(found) > 0; more; {
		more = false
		start := 0
		for i := 0; i <= len(found); i++ {
			end := len(s)
			if i < len(found) {
				end = found[i].start
			}
			between := detectOnce(s[start:end], region)
			for j := range between {
				between[j].start += start
				between[j].end += start
			}
			found = slices.Insert(found, i, between...)
			more = more || len(between) > 0
			if i += len(between); i < len(found) {
				start = found[i].end
			}
		}
	}
	return found
}

// detectOnce looks for details once. Most lines have no sign of any, so the
// signs are looked for before anything costs.
func detectOnce(s, region string) []detail {
	digits, at := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			digits++
		case c == '@':
			at = true
		case c >= 0xC4:
			// Letters with diacritics begin with this byte or a later one, and
			// so do the digits of other scripts and the wide forms of @.
			r, n := utf8.DecodeRuneInString(s[i:])
			if unicode.IsDigit(r) {
				digits++
			}
			at = at || r == '＠' || r == '﹫'
			i += n - 1
		}
	}
	return detectAll(s, region, at || mentionsAt(s), digits >= minPhoneDigits)
}

func detectAll(s, region string, mail, phone bool) []detail {
	var found []detail
	if mail {
		found = appendMails(found, s)
	}
	byPlace := func(a, b detail) int { return a.start - b.start }
	slices.SortFunc(found, byPlace)
	if !phone {
		return found
	}
	// Numbers are looked for between the addresses only: each piece must be
	// free of them when the addresses are gone.
	start := 0
	for _, m := range found {
		found = appendPhones(found, s[start:m.start], start, region)
		start = m.end
	}
	found = appendPhones(found, s[start:], start, region)
	slices.SortFunc(found, byPlace)
	return found
}

// atWords stand for @ where an address is spelled out, and dotWords for the dot.
const (
	atWords  = `małpa|małpka|malpa|malpka|zavináč|zavinac|klammeraffe|affenschwanz|arroba`
	dotWords = `kropka|dot|punkt|tečka|tecka`
	local    = `[\pL\pN][\pL\pN._%+'\-]*`
	labelRE  = `[\pL\pN][\pL\pN\-]*`
)

// mailForms find addresses: written, with @ or dot in brackets, spelled out with
// a word that means nothing else, and spelled out with "at", which only counts
// where the dot is spelled out too or the host is one that people have mail at.
var mailForms = []*regexp.Regexp{
	regexp.MustCompile(`(?i)[\pL\pN._%+'\-!#$&*/=?^{|}~]*[\pL\pN_+\-]\s{0,2}[@＠﹫]\s{0,2}` + labelRE + `(?:\s?[.。．]\s?` + labelRE + `)+`),
	regexp.MustCompile(`(?i)` + local + `\s*[(\[{<]\s*(?:at|ät|@|` + atWords + `)\s*[)\]}>]\s*` + labelRE + `(?:\s*(?:\.|[(\[{<]\s*(?:\.|` + dotWords + `)\s*[)\]}>]|\s(?:` + dotWords + `)\s)\s*` + labelRE + `)+`),
	regexp.MustCompile(`(?i)` + local + `(?:\s+(?:` + dotWords + `)\s+` + labelRE + `)*\s+(?:` + atWords + `)\s+` + labelRE + `(?:\s*\.\s*` + labelRE + `|\s+(?:` + dotWords + `)\s+` + labelRE + `)+`),
	regexp.MustCompile(`(?i)` + local + `(?:\s+(?:` + dotWords + `)\s+` + labelRE + `)*\s*(?:\s(?:at|ät)\s|@)\s*` + labelRE + `(?:\s+(?:` + dotWords + `)\s+` + labelRE + `)+`),
	regexp.MustCompile(`(?i)` + local + `\s+(?:at|ät)\s+(?:gmail|googlemail|outlook|hotmail|live|msn|yahoo|icloud|me|proton|protonmail|gmx|web|t-online|freenet|posteo|wp|onet|op|o2|interia|poczta|vp|tlen|gazeta|buziaczek|seznam|centrum|atlas|email|volny|post|aol|mail)\s*\.\s*` + labelRE),
	// An address whose host is still without a dot is one all the same.
	regexp.MustCompile(`(?i)[\pL\pN._%+\-]*[\pL\pN_+\-]@` + labelRE),
}

// mentionsAt tells whether a line could spell an address out: whether one of
// the words for @ begins somewhere in it.
func mentionsAt(s string) bool {
	wordStart := true
	for i := 0; i+1 < len(s); i++ {
		c := s[i]
		if wordStart {
			switch rest := s[i:]; c | 0x20 {
			case 'a':
				if alone(rest, "at") || hasFoldPrefix(rest, "affenschwanz") || hasFoldPrefix(rest, "arroba") {
					return true
				}
			case 'm':
				if hasFoldPrefix(rest, "małp") || hasFoldPrefix(rest, "malp") {
					return true
				}
			case 'z':
				if hasFoldPrefix(rest, "zavin") {
					return true
				}
			case 'k':
				if hasFoldPrefix(rest, "klammeraffe") {
					return true
				}
			case "ä"[0] | 0x20:
				if alone(rest, "ät") {
					return true
				}
			}
		}
		wordStart = !isWordByte(c)
	}
	return false
}

// alone tells whether s begins with the word and the word ends there.
func alone(s, word string) bool {
	return hasFoldPrefix(s, word) && (len(s) == len(word) || !isWordByte(s[len(word)]))
}

func isWordByte(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c >= utf8.RuneSelf
}

func hasFoldPrefix(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// appendMails finds addresses. What a form has found is not looked at again.
func appendMails(found []detail, s string) []detail {
	for _, form := range mailForms {
		for _, m := range form.FindAllStringIndex(s, -1) {
			d := detail{m[0], m[1], "email"}
			if !slices.ContainsFunc(found, func(f detail) bool { return d.start < f.end && f.start < d.end }) {
				found = append(found, d)
			}
		}
	}
	return found
}

// minPhoneDigits and maxPhoneDigits bound a phone number.
const (
	minPhoneDigits = 7
	maxPhoneDigits = 15
)

// A run is a stretch of digits with what may stand between them in a number.
type run struct {
	start, end, digits int
	plus               bool
}

// appendPhones finds phone numbers: runs of digits that are valid numbers of the
// region or international ones, and do not stand where other numbers stand. s is
// a piece of a line, from is where it begins there.
func appendPhones(found []detail, s string, from int, region string) []detail {
	ibans := ibanForm.FindAllStringIndex(s, -1)
	for i := 0; i < len(s); {
		r, next := nextRun(s, i)
		if r.digits == 0 {
			break
		}
		i = next
		if r.start > 0 && s[r.start-1] == '(' && strings.Contains(s[r.start:r.end], ")") {
			r.start-- // the bracket around an area code
		}
		inIBAN := slices.ContainsFunc(ibans, func(m []int) bool { return r.start < m[1] && m[0] < r.end })
		if r.digits < minPhoneDigits || inIBAN {
			continue
		}
		if isPhone(s, r, region) {
			found = append(found, detail{from + r.start, from + r.end, "phone"})
			continue
		}
		for _, part := range r.parts(s) {
			if part.digits >= minPhoneDigits && isPhone(s, part, region) {
				found = append(found, detail{from + part.start, from + part.end, "phone"})
			}
		}
	}
	return found
}

// ibanForm is a bank account: letters, check digits, groups.
var ibanForm = regexp.MustCompile(`\b[A-Za-z]{2}\d{2}(?: ?[0-9A-Za-z]{4}){2,7}(?: ?[0-9A-Za-z]{1,4})?\b`)

// nextRun finds the next run of digits from i on. Separators count between
// digits only, at most two at a time.
func nextRun(s string, i int) (run, int) {
	var r run
	gap := 0
	for i < len(s) {
		c, n := rune(s[i]), 1
		if c >= utf8.RuneSelf {
			c, n = utf8.DecodeRuneInString(s[i:])
		}
		switch {
		case unicode.IsDigit(c):
			if r.digits == 0 {
				r.start = i
				if p := lastPlus(s, i); p >= 0 {
					r.start, r.plus = p, true
				}
			}
			r.digits++
			r.end, gap = i+n, 0
		case r.digits == 0:
		case isSeparator(c) && gap < 3:
			gap++
		default:
			return r, i
		}
		i += n
	}
	return r, i
}

// lastPlus finds a plus, or a plus and a bracket, right before a run.
func lastPlus(s string, i int) int {
	before := strings.TrimRight(s[:i], "( ")
	for _, plus := range []string{"+", "＋"} {
		if strings.HasSuffix(before, plus) && i-len(before) <= 2 {
			return len(before) - len(plus)
		}
	}
	return -1
}

func isSeparator(c rune) bool {
	return strings.ContainsRune(" -.()/\t\u00a0\u2007\u2009\u202f‐‑‒–—·_", c)
}

// parts splits a run that is no number itself at its spaces: several numbers may
// have been written one after another.
func (r run) parts(s string) []run {
	pieces := strings.FieldsFunc(s[r.start:r.end], unicode.IsSpace)
	if len(pieces) < 2 {
		return nil
	}
	var parts []run
	at := r.start
	for _, p := range pieces {
		start := at + strings.Index(s[at:r.end], p)
		at = start + len(p)
		part, _ := nextRun(p, 0)
		part.start, part.end = part.start+start, part.end+start
		parts = append(parts, part)
	}
	return parts
}

// notPhones are words before a number that say it is another kind of number.
var notPhones = regexp.MustCompile(`(?i)(?:zam[oó]wieni\pL*|faktur\pL*|paczk\pL*|przesy[lł]k\pL*|nip|regon|pesel|krs|numer klienta|` +
	`konto|rachun\pL*|order|invoice|parcel|tracking|account|ticket|ref|reference|customer|isbn|ean|sku|` +
	`bestell\pL*|rechnung\pL*|auftrag\pL*|kunden\pL*|sendung\pL*|konto\pL*|artikel\pL*|` +
	`objedn[aá]vk\pL*|faktu\pL*|z[aá]silk\pL*|[uú][cč]et\pL*|i[cč]o?|di[cč]|variabiln\pL*|#|№)` +
	`[\s:.#№-]*(?:nr|no|numer\pL*|number|nummer|num|č|c|id)?[\s:.#№-]*(?:to|is|ist|je|lautet)?[\s:.#№-]*$`)

// moneyAfter are words after a number that say it is a price or an amount.
var moneyAfter = regexp.MustCompile(`(?i)^[\s.,]*(?:-\s)?(?:\d{1,2}\s*)?(?:z[lł]\b|z[lł]ot|pln|eur|euro|€|\$|usd|gbp|£|k[cč]|czk|kg|km|szt|ks\b|stk|pcs|%|m2|m²|mm|cm)`)

// dateForm is a date or a time span that looks like groups of digits.
var dateForm = regexp.MustCompile(`^(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./] ?\d{1,2}[-./] ?\d{4}|\d{4} ?[-–—/] ?\d{4})(?:$|[\s\-–—])`)

// isPhone tells whether a run is a phone number.
func isPhone(s string, r run, region string) bool {
	text := s[r.start:r.end]
	if r.digits > maxPhoneDigits {
		return false
	}
	if before, _ := utf8.DecodeLastRuneInString(s[:r.start]); unicode.IsLetter(before) || before == '_' {
		return false // a code such as AB1234567
	}
	if after, _ := utf8.DecodeRuneInString(s[r.end:]); unicode.IsLetter(after) {
		return false
	}
	international := r.plus || strings.HasPrefix(text, "00")
	if !international {
		const context = 40
		from := max(0, r.start-context)
		for from < r.start && !utf8.RuneStart(s[from]) {
			from++
		}
		if dateForm.MatchString(text) || notPhones.MatchString(s[from:r.start]) || moneyAfter.MatchString(s[r.end:]) {
			return false
		}
		if region == "" || !nationalForm(text, region) {
			return false
		}
	}
	n, err := phonenumbers.Parse(text, region)
	return err == nil && phonenumbers.IsValidNumber(n)
}

// nationalForm wants the trunk prefix where a country writes one: without it
// nearly every number in Germany would be somebody's phone.
func nationalForm(text, region string) bool {
	trunk := phonenumbers.GetNddPrefixForRegion(region, true)
	if trunk != "0" {
		return true
	}
	first := strings.IndexFunc(text, unicode.IsDigit)
	d, _ := utf8.DecodeRuneInString(text[max(first, 0):])
	return d == '0' || d == '٠' || d == '۰' || d == '０'
}
