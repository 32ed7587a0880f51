package botengine

import "unicode/utf8"

// maskMark stands where contact details were, in what is kept as plain text.
const maskMark = "•••"

// Kinds of details.
const (
	detailEmail = "email"
	detailPhone = "phone"
)

// A detail is a contact detail found in a line: an "email" or a "phone", from
// byte start to byte end.
type detail struct {
	start, end int
	kind       string
}

// MaskContacts finds e-mail addresses and phone numbers in a text, also ones that
// are spelled out or disguised in Polish, English, German or Czech, and returns it
// as spans in which they are masked. region is the country whose national phone
// numbers are known ("PL"); without one only international ones are, and those
// that are said to be phone numbers. The time it takes grows with the length of
// the text and no faster. How much it finds is in testdata/detector/RESULTS.md.
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

// detect finds contact details, in order and without overlaps. A line without any
// sign of one is only read through.
func detect(s, region string) []detail {
	if signsIn(s) == 0 {
		return nil
	}
	return detectSlowly(s, region)
}

// detectSlowly is for lines with signs.
func detectSlowly(s, region string) []detail {
	m := new(struct { // enough for most lines, allocated at once
		d       detector
		lexemes [32]lexeme
		groups  [8]group
		digits  [32]byte
	})
	d := &m.d
	d.plan = dialPlanOf(region)
	d.read.lexemes = m.lexemes[:0]
	d.run.groups, d.run.digits = m.groups[:0], m.digits[:0]
	d.line(s, 0, 0)
	return d.found
}

// A detector holds what is found in one line, and memory that is used again.
type detector struct {
	plan  *dialPlan
	found []detail
	read  reading
	run   run
}

// line looks at s, which begins at byte from of the whole line, piece by piece. A
// mark from an earlier masking stands between two pieces like the details it
// hides, so what is kept is judged alike with the marks in it.
func (d *detector) line(s string, from, depth int) {
	const bullet = '•'
	start, marks := 0, 0
	for i, r := range s {
		if r == bullet {
			marks++
			continue
		}
		if marks > 1 {
			d.piece(s[start:i], from+start, depth)
			start = i
		}
		marks = 0
	}
	d.piece(s[start:], from+start, depth)
}

// maxRounds bounds how often what lies between details is looked at again.
const maxRounds = 6

// piece finds the details of s. What lies between them is looked at again by
// itself, until nothing more is found: a piece that is kept must be free of
// details when those beside it are gone. A piece that never comes to rest, which
// only a hostile line has, is masked whole; so the time stays bounded.
func (d *detector) piece(s string, from, depth int) {
	for len(s) > 0 { // single bullets at an end melt with the mark beside them
		r, n := utf8.DecodeRuneInString(s)
		if r != '•' {
			break
		}
		s, from = s[n:], from+n
	}
	for len(s) > 0 {
		r, n := utf8.DecodeLastRuneInString(s)
		if r != '•' {
			break
		}
		s = s[:len(s)-n]
	}
	signs := signsIn(s)
	if signs == 0 {
		return
	}
	at := len(d.found)
	d.once(s, signs)
	if len(d.found) == at {
		return
	}
	var some [4]detail
	here := append(some[:0], d.found[at:]...)
	d.found = d.found[:at]
	if depth == maxRounds {
		d.found = append(d.found, detail{from, from + len(s), here[0].kind})
		return
	}
	start := 0
	for _, x := range here {
		d.line(s[start:x.start], from+start, depth+1)
		d.found = append(d.found, detail{from + x.start, from + x.end, x.kind})
		start = x.end
	}
	d.line(s[start:], from+start, depth+1)
}

// once looks for details once: for addresses, and where there are none, for phone
// numbers. Places are those of s.
func (d *detector) once(s string, signs sign) {
	d.read.of(s)
	at := len(d.found)
	if signs&signMail != 0 {
		d.mails()
	}
	if len(d.found) == at && signs&signPhone != 0 {
		d.phones()
	}
}
