package botengine

import "strings"

// An atSign is an @ or what stands for it, from lexeme first up to lexeme end.
type atSign struct {
	first, end int
	kind       atKind
}

type atKind uint8

const (
	atPlain   atKind = iota // @ with nothing around it
	atSpaced                // @ with blanks around it
	atWord                  // a word or sign that means nothing else
	atBracket               // "(at)"
	atLoose                 // "(a)" or "_at_", which have other meanings too
	atWeak                  // "at"
)

// Marks that may stand around a word for a sign, as in "(at)" or "-at-".
const wrappers = `()[]{}<>|*-_/~"',.`

// mails finds e-mail addresses in what was read.
func (d *detector) mails() {
	rd := &d.read
	last := 0 // first lexeme that belongs to no address yet
	for i := 0; i < len(rd.lexemes); i++ {
		at, ok := rd.atSign(i, last)
		if !ok {
			continue
		}
		from := rd.local(at, last)
		if from < 0 {
			continue
		}
		end := rd.host(at)
		if end < 0 || at.kind == atWeak && !rd.meansAt(at, from, end) || at.kind != atPlain && rd.isHandle(at, from) {
			continue
		}
		d.found = append(d.found, detail{rd.lexemes[from].start, rd.lexemes[end-1].end, detailEmail})
		last, i = end, end-1
	}
}

// atSign reads what stands for @ at place i. It begins after what is around it.
func (rd *reading) atSign(i, last int) (atSign, bool) {
	t := rd.lexemes[i]
	at := atSign{first: i, end: i + 1, kind: atWord}
	switch {
	case t.kind == lexemeMark && t.r == '@':
		at.kind = atPlain
	case t.kind == lexemeMark && (t.r == '🐒' || t.r == 'ⓐ'):
	case t.kind != lexemeWord:
		return at, false
	case wordRoles[t.text]&roleAt != 0:
	case wordRoles[t.text]&roleWeakAt != 0:
		at.kind = atWeak
		if next := rd.skipFiller(i + 1); rd.isRole(next, roleSign) {
			at.kind, at.end = atWord, next+1
		}
	case t.text == "a" && rd.isMark(i-1, "([{<") && rd.isMark(i+1, ")]}>"):
		at.kind = atLoose
	case t.text == "a" && i > last+1 && rd.at(i-2).text == "kolku": // "w kółku a"
		at.first = max(last, i-4)
	case t.text == "w" && rd.at(i+2).text == "kolku" && rd.at(i+4).text == "a":
		at.end = i + 5
	default:
		return rd.gluedAt(i)
	}
	if before := rd.skipFillerBack(at.first - 1); before >= last && at.kind == atWord && t.kind == lexemeWord && rd.isRole(before, roleSign) {
		at.first = before // "znak małpy", "znak zavináč"
	}
	return rd.unwrap(at, last)
}

// gluedAt finds a word for @ that is written together with the host: "ela63małpawp.pl".
func (rd *reading) gluedAt(i int) (atSign, bool) {
	if rd.at(i-1).kind != lexemeDigits && !rd.isMark(i-1, "._") {
		return atSign{}, false
	}
	for _, w := range []string{"malpa", "zavinac", "klammeraffe"} {
		if host, ok := strings.CutPrefix(rd.lexemes[i].text, w); ok && host != "" {
			return atSign{first: i, end: i + 1, kind: atWord}, true
		}
	}
	return atSign{}, false
}

// unwrap takes in what stands around the sign: brackets, blanks, a line break.
func (rd *reading) unwrap(at atSign, last int) (atSign, bool) {
	const most = 5
	before, after := at.first, at.end
	var left, right rune // the marks beside the sign
	for n := 0; n < most && before > last && rd.isFiller(before-1); n++ {
		before--
		if t := rd.lexemes[before]; t.kind == lexemeMark && left == 0 {
			left = t.r
		}
	}
	for n := 0; n < most && after < len(rd.lexemes) && rd.isFiller(after); n++ {
		if t := rd.lexemes[after]; t.kind == lexemeMark && right == 0 {
			right = t.r
		}
		after++
	}
	switch at.kind {
	case atWeak:
		if !pairs(left, right) {
			return at, false // the end of a sentence, or of a part of one
		}
		if left != 0 {
			at.kind = atBracket
		}
		if left == '_' || left == '-' || left == '/' || left == '.' {
			at.kind = atLoose
		}
	case atPlain:
		if before < at.first || after > at.end {
			at.kind = atSpaced
		}
		if left == 0 || !pairs(left, right) { // marks belong to the address
			before, after = at.first, at.end
			if rd.at(before-1).kind == lexemeSpace {
				before--
			}
			if rd.at(after).kind == lexemeSpace {
				after++
			}
			if before == at.first && after == at.end {
				at.kind = atPlain
			}
		}
	}
	at.first, at.end = max(before, last), after
	return at, true
}

// pairs tells whether marks on both sides of a word belong together.
func pairs(left, right rune) bool {
	switch left {
	case '(':
		return right == ')'
	case '[':
		return right == ']'
	case '{':
		return right == '}'
	case '<':
		return right == '>'
	}
	return left == right
}

// isFiller tells whether the lexeme at place i may stand beside a word for a sign.
func (rd *reading) isFiller(i int) bool {
	return rd.at(i).kind == lexemeSpace && i < len(rd.lexemes) || rd.isMark(i, wrappers)
}

func (rd *reading) skipFiller(i int) int {
	for n := 0; n < 5 && rd.isFiller(i); n++ {
		i++
	}
	return i
}

func (rd *reading) skipFillerBack(i int) int {
	for n := 0; n < 5 && i >= 0 && rd.isFiller(i); n++ {
		i--
	}
	return i
}

// isAtom tells whether a lexeme is part of a name: letters or digits.
func (t lexeme) isAtom() bool {
	return (t.kind == lexemeWord || t.kind == lexemeDigits) && !t.cut
}

// maxLexemes bounds the local part and the host, each in lexemes.
const maxLexemes = 130

// local finds where the local part before the sign begins, or gives -1.
func (rd *reading) local(at atSign, last int) int {
	i := at.first - 1
	last = max(last, i-maxLexemes)
	for i >= last && rd.isMark(i, "_-+%.") { // "name_@"
		i--
	}
	if i < last || !rd.lexemes[i].isAtom() || rd.isRole(i, roleAt) {
		return -1
	}
	from := i
	for from >= last {
		from = rd.glued(from, last)
		if next := rd.letters(from, last, -1); next < from {
			from = next
			break
		}
		next := rd.joined(from, last)
		if next < 0 {
			break
		}
		from = next
	}
	for from < i && !rd.lexemes[from].isAtom() {
		from++
	}
	return from
}

// glued goes back over what is written together with the lexeme at place i.
func (rd *reading) glued(i, last int) int {
	for i > last && (rd.lexemes[i-1].isAtom() || rd.isMark(i-1, "._-+%'")) {
		i--
	}
	return i
}

// letters goes over letters written apart, "k r y s i a" or "k.r.y.s.i.a", from
// place i in the direction of step, and gives the last one.
func (rd *reading) letters(i, last, step int) int {
	single := func(i int) bool {
		t := rd.at(i)
		return i >= last && t.isAtom() && len(t.text) == 1
	}
	n, at := 0, i
	for single(at) && rd.isBlankOrDot(at+step) && single(at+2*step) {
		at += 2 * step
		n++
	}
	if n < 1 || n < 2 && !rd.isMark(i+1, "@") && step < 0 {
		return i
	}
	return at
}

func (rd *reading) isBlankOrDot(i int) bool {
	return rd.at(i).kind == lexemeSpace && i >= 0 && i < len(rd.lexemes) || rd.isMark(i, ".-")
}

// joined finds what is joined to the lexeme at place i by a word, "jan kropka" or
// "jan podkreślnik", or by being a number: "jan 99", "jan ninety nine". It gives
// where that begins, or -1.
func (rd *reading) joined(i, last int) int {
	word := rd.skipFillerBack(i - 1)
	if word < last || word == i-1 && !rd.isRole(word, roleDot|roleJoin) {
		return -1
	}
	if rd.isRole(word, roleDot|roleJoin) {
		before := rd.skipFillerBack(word - 1)
		if rd.at(before).text == "full" { // "full stop"
			before = rd.skipFillerBack(before - 1)
		}
		if before >= last && rd.lexemes[before].isAtom() && !rd.isRole(before, roleAt|roleWeakAt) {
			return before
		}
		return -1
	}
	if rd.isNumber(i) && word == i-2 && rd.lexemes[i-1].kind == lexemeSpace && rd.lexemes[word].isAtom() {
		return word
	}
	return -1
}

// isNumber tells whether a lexeme is a short number.
func (rd *reading) isNumber(i int) bool {
	t := rd.lexemes[i]
	if t.kind == lexemeDigits {
		return len(t.text) <= 4
	}
	var buf [8]numeral
	_, ok := numeralsIn(buf[:0], t.text)
	return ok && len(t.text) > 2
}

// meansAt tells whether "at" between these places stands for @. It does where the
// dot is a word that is not English, and else where the host is one that people
// have mail at, the local part looks like one, or the line talks of an address.
func (rd *reading) meansAt(at atSign, from, end int) bool {
	before := rd.lexemes[from:at.first]
	if len(before) == 1 && before[0].kind == lexemeWord && wordRoles[before[0].text]&roleNoLocal != 0 {
		return false
	}
	dotted := false
	for i := at.end; i < end; i++ {
		dotted = dotted || rd.isRole(i, roleDot) && rd.at(i-1).kind != lexemeMark || rd.isMark(i, "([{")
		if rd.isRole(i, roleProvider) && i < end-1 {
			return true
		}
	}
	if dotted || len(before) > 1 || wordRoles[before[0].text]&roleOffice != 0 {
		return true
	}
	const near = 8
	for i := max(0, from-near); i < from; i++ {
		if rd.isRole(i, roleMailTalk) {
			return true
		}
	}
	return false
}

// isHandle tells whether "insta @name" is a name in a social network.
func (rd *reading) isHandle(at atSign, from int) bool {
	return at.kind == atSpaced && rd.isRole(at.first-1, roleHandle) && from == at.first-1
}
