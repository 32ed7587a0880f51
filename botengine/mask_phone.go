package botengine

import "unicode"

// Bounds of phone numbers in digits. Shorter than minPhoneDigits only where the
// line says that a phone number follows.
const (
	minToldDigits  = 6
	minPhoneDigits = 7
	maxPhoneDigits = 15
	maxDialled     = maxPhoneDigits + 3 // with 00 and a trunk zero
)

// A run is a sequence of groups that could be a number, or several.
type run struct {
	composer
	plus int // lexeme of the plus before it, or -1
}

func (r *run) reset() {
	r.composer = composer{digits: r.digits[:0], groups: r.groups[:0]}
	r.plus = -1
}

// last is the lexeme after the last group, or -1.
func (r *run) last() int {
	if r.open != 0 || r.times > 1 {
		return r.end
	}
	if n := len(r.groups); n > 0 {
		return r.groups[n-1].end
	}
	return -1
}

// phones finds phone numbers in what was read.
func (d *detector) phones() {
	rd, r := &d.read, &d.run
	r.reset()
	for i := 0; i < len(rd.lexemes); {
		if end := rd.account(i); end > i {
			d.finish()
			i = end
			continue
		}
		if rd.isPlus(i) && r.last() != i {
			d.finish()
			r.plus = i
			i++
			continue
		}
		if end := r.take(rd, i); end > i {
			i = end
			continue
		}
		if last := r.last(); last >= 0 && !rd.mayPart(last, i) {
			d.finish()
		} else if last < 0 && rd.lexemes[i].kind != lexemeSpace && !rd.isMark(i, "([{") {
			r.plus = -1
		}
		i++
	}
	d.finish()
}

// isPlus tells whether there is a plus, or the word, at place i.
func (rd *reading) isPlus(i int) bool {
	return rd.isMark(i, "+") || rd.lexemes[i].kind == lexemeWord && rd.lexemes[i].text == "plus"
}

// maxGap bounds the lexemes between two groups of a number.
const maxGap = 7

// mayPart tells whether the lexemes from place from to i may stand between two
// groups of a number.
func (rd *reading) mayPart(from, i int) bool {
	if i-from >= maxGap {
		return false
	}
	switch t := rd.lexemes[i]; t.kind {
	case lexemeSpace:
		return true
	case lexemeWord:
		return wordRoles[t.text]&roleAnd != 0
	default:
		if t.r < 0x80 {
			return rd.isMark(i, `-./()_*|~=:+,"'[]{}<>\`)
		}
		return !unicode.In(t.r, unicode.Sc, unicode.Sm) && t.r != '°' && t.r != '•' && t.r != '§'
	}
}

// take adds the group that begins at place i and gives the lexeme after it, or i.
func (r *run) take(rd *reading, i int) int {
	end := i
	for end < len(rd.lexemes) && rd.isDigitLike(end, i) {
		end++
	}
	if end > i {
		r.flush()
		from := len(r.digits)
		for _, t := range rd.lexemes[i:end] {
			r.digits = appendDigits(r.digits, t.text)
		}
		r.groups = append(r.groups, group{first: i, end: end, from: from, to: len(r.digits)})
		return end
	}
	if rd.lexemes[i].kind != lexemeWord {
		return i
	}
	var buf [24]numeral
	list, ok := numeralsIn(buf[:0], rd.lexemes[i].text)
	if len(list) == 0 || !ok && r.open == 0 || !rd.counts(i, list[0], r.open) {
		return i
	}
	if last := r.last(); last >= 0 && !rd.isSpoken(last, i) {
		r.flush()
	}
	for _, n := range list {
		r.say(n, i)
	}
	return i + 1
}

// counts tells whether a number word is one where it stands: "o" is a word of its
// own in many languages, "set" and "und" only count after a number.
func (rd *reading) counts(i int, n numeral, open numeralKind) bool {
	switch n.kind {
	case numeralAnd, numeralMany, numeralTeenEnd, numeralTensEnd, numeralPlural:
		return open != 0 || n.kind == numeralMany && rd.lexemes[i].text == "hundert"
	}
	if rd.lexemes[i].text != "o" {
		return true
	}
	for _, near := range []int{i - 2, i + 2} {
		t := rd.at(near)
		_, isWord := numerals[t.text]
		if isWord && t.text != "a" || t.kind == lexemeDigits && rd.isMark((i+near)/2, "-") {
			return true
		}
	}
	return false
}

// isSpoken tells whether words before and after these lexemes may be one number:
// "forty eight", "forty-eight".
func (rd *reading) isSpoken(from, to int) bool {
	for i := from; i < to; i++ {
		if t := rd.lexemes[i]; t.kind == lexemeMark && t.r != '-' || t.kind == lexemeSpace && t.r != ' ' ||
			t.kind == lexemeWord && !rd.isRole(i, roleAnd) {
			return false
		}
	}
	return true
}

// isDigitLike tells whether the lexeme at place i belongs to a group of digits that
// begins at first: digits, or letters that look like some beside digits.
func (rd *reading) isDigitLike(i, first int) bool {
	t := rd.lexemes[i]
	if t.kind == lexemeDigits {
		return true
	}
	if t.kind != lexemeWord || !looksLikeDigits(t.text) || rd.at(i+1).kind == lexemeWord {
		return false
	}
	return i > first || rd.at(i+1).kind == lexemeDigits || len(t.text) > 1 && t.text != "oil"
}

// looksLikeDigits tells whether all letters of a word look like digits. The bound
// keeps words out.
func looksLikeDigits(word string) bool {
	const longest = 3
	for i := range len(word) {
		if c := word[i]; c != 'o' && c != 'i' && c != 'l' {
			return false
		}
	}
	return len(word) <= longest
}

func appendDigits(digits []byte, text string) []byte {
	for i := range len(text) {
		switch c := text[i]; c {
		case 'o':
			digits = append(digits, '0')
		case 'i', 'l':
			digits = append(digits, '1')
		default:
			digits = append(digits, c)
		}
	}
	return digits
}

// finish finds the numbers of the run and begins another.
func (d *detector) finish() {
	r := &d.run
	r.flush()
	if len(r.digits) >= minToldDigits {
		d.read.weigh(r.groups)
		d.read.takeOthers(r)
		from := 0
		for i := 0; i <= len(r.groups); i++ {
			if i == len(r.groups) || r.groups[i].taken {
				d.span(from, i)
				from = i + 1
			}
		}
	}
	r.reset()
}

// A separator is what stands between two groups.
type separator uint8

const (
	separatorUsual separator = iota // inside most numbers
	separatorWeak                   // inside some, and between two
	separatorAnd
	separatorComma
)

// weigh says what stands before each group.
func (rd *reading) weigh(groups []group) {
	for i := 1; i < len(groups); i++ {
		before := separatorUsual
		spaces, marks := 0, 0
		for k := groups[i-1].end; k < groups[i].first; k++ {
			switch t := rd.lexemes[k]; {
			case t.kind == lexemeSpace && t.r == ' ':
				spaces++
			case rd.isMark(k, "-./"):
				marks++
			case rd.isMark(k, "()"):
			case t.kind == lexemeWord:
				before = max(before, separatorAnd)
			case rd.isMark(k, ","):
				before = max(before, separatorComma)
			default:
				before = max(before, separatorWeak)
			}
		}
		if marks > 1 || spaces > 1 {
			before = max(before, separatorWeak)
		}
		groups[i].before = before
	}
}

// span finds the numbers among the groups from place lo to hi. Weak separators
// part numbers, unless there are none on both sides of them: then they part the
// groups of one.
func (d *detector) span(lo, hi int) {
	if lo < hi && d.accepts(lo, hi-1) && d.run.mayJoin(lo, hi) {
		d.found = append(d.found, d.place(lo, hi-1))
		return
	}
	pending, blocks := lo, 0
	for b := lo; b < hi; {
		e := b + 1
		for e < hi && d.run.groups[e].before == separatorUsual {
			e++
		}
		at := len(d.found)
		if d.tile(b, e, true) {
			if blocks > 1 && d.run.mayJoin(pending, b) {
				d.insertTiles(pending, b, at)
			}
			pending, blocks = e, 0
		} else {
			blocks++
		}
		b = e
	}
	if blocks > 1 && d.run.mayJoin(pending, hi) {
		d.tile(pending, hi, false)
	}
}

// insertTiles finds the numbers from place lo to hi, which stand before those
// found from place at on.
func (d *detector) insertTiles(lo, hi, at int) {
	later := append([]detail(nil), d.found[at:]...)
	d.found = d.found[:at]
	d.tile(lo, hi, false)
	d.found = append(d.found, later...)
}

// mayJoin tells whether groups with weak separators between them may be one number:
// in digits only when these are all alike, and commas between groups that have no
// separators of their own.
func (r *run) mayJoin(lo, hi int) bool {
	if r.wordsOf(lo, hi-1) > 0 {
		return true
	}
	var seen [separatorComma + 1]bool
	single := r.groups[lo].to-r.groups[lo].from == 1
	for _, g := range r.groups[lo+1 : hi] {
		seen[g.before] = true
		single = single && g.to-g.from == 1
	}
	kinds := 0
	for _, weak := range seen[separatorWeak:] {
		if weak {
			kinds++
		}
	}
	return kinds == 0 || kinds == 1 && (!seen[separatorComma] || single || !seen[separatorUsual] && !r.isBroken(lo, hi-1))
}

// isBroken tells whether groups of digits and single digits are mixed as in no
// number: one may be a trunk zero, and all may be single.
func (r *run) isBroken(i, j int) bool {
	const few = 2
	single, longer := 0, 0
	for _, g := range r.groups[i : j+1] {
		if g.words > 0 {
			return false
		}
		if g.to-g.from == 1 {
			single++
		} else {
			longer++
		}
	}
	return single > few && longer > 1 || single > 0 && longer > 0 && r.groups[j].before > separatorUsual && single+longer == 2
}

// tile finds numbers that stand one after another among the groups from b to e.
// With loose a short group may stand beside one.
func (d *detector) tile(b, e int, loose bool) bool {
	some := false
	if d.run.isRising(b, e-1) && d.read.talk(d.run.groups[b].first) != talkPhone {
		return false
	}
	from := b // where the last number ended
	for i := b; i < e; i++ {
		for j := min(e-1, i+maxDialled); j >= i; j-- {
			if !d.accepts(i, j) || !d.alone(from, i, j, e, loose) {
				continue
			}
			d.found = append(d.found, d.place(i, j))
			some = true
			i, from = j, j+1
			break
		}
	}
	return some
}

// place is where the groups from i to j stand, with the plus and the bracket
// before them.
func (d *detector) place(i, j int) detail {
	rd, r := &d.read, &d.run
	first, end := r.groups[i].first, r.groups[j].end
	open := 0
	for k := first; k < end; k++ {
		if rd.isMark(k, "(") {
			open++
		} else if rd.isMark(k, ")") {
			open--
		}
	}
	if i == 0 && r.plus >= 0 {
		first = r.plus
	}
	if open < 0 && rd.isMark(first-1, "(") {
		first--
	}
	return detail{rd.lexemes[first].start, rd.lexemes[end-1].end, detailPhone}
}
