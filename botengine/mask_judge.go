package botengine

import "bytes"

// accepts tells whether the groups from i to j are a phone number.
func (d *detector) accepts(i, j int) bool {
	r := &d.run
	digits := r.digits[r.groups[i].from:r.groups[j].to]
	if len(digits) < minToldDigits || len(digits) > maxDialled {
		return false
	}
	if i == 0 && r.plus >= 0 && len(digits) > minPhoneDigits && knownCode(digits) {
		return true
	}
	first, end := r.groups[i].first, r.groups[j].end
	whole := (i == 0 || r.groups[i].weak || r.groups[i-1].taken) &&
		(j+1 == len(r.groups) || r.groups[j+1].weak || r.groups[j+1].taken)
	said := whole && r.wordsOf(i, j) >= minSaidWords && len(digits) > minPhoneDigits+1
	if !d.looksRight(digits) && !said {
		if !whole || len(digits) > maxPhoneDigits || d.read.talk(first) != talkPhone {
			return false
		}
	} else if r.isList(i, j) && d.read.talk(first) != talkPhone {
		return false
	}
	return d.read.talk(first) != talkOther && !d.read.inCode(first, end) && !d.read.isOtherAfter(end)
}

// minSaidWords is how many words make a number that nobody says for another
// reason, whatever its digits are.
const minSaidWords = 5

func (r *run) wordsOf(i, j int) int {
	n := 0
	for _, g := range r.groups[i : j+1] {
		n += g.words
	}
	return n
}

// looksRight tells whether digits are a number of the country or one abroad.
func (d *detector) looksRight(digits []byte) bool {
	if len(digits) < minPhoneDigits {
		return false
	}
	if d.plan.national(digits) {
		return true
	}
	if digits[0] == '0' && digits[1] == '0' {
		return abroad(digits[2:])
	}
	n := len(d.plan.code)
	return n > 0 && len(digits) > n && string(digits[:n]) == d.plan.code && d.plan.has(digits[n:])
}

// isList tells whether the groups are a list of numbers rather than one: counting,
// lottery numbers, postal codes.
func (r *run) isList(i, j int) bool {
	groups := r.groups[i : j+1]
	value := func(g group) int {
		v := 0
		for _, c := range r.digits[g.from:g.to] {
			v = v*10 + int(c-'0')
		}
		return v
	}
	rising, postal := len(groups) > 4, len(groups) > 1
	for k, g := range groups {
		n := g.to - g.from
		rising = rising && n < 3 && (k == 0 || value(groups[k-1]) < value(g))
		postal = postal && n == 5
	}
	return rising || postal
}

// alone tells whether a number from i to j stands apart from the other groups of
// from to e: they are numbers too, or one short group on a side.
func (d *detector) alone(from, i, j, e int) bool {
	groups := d.run.groups
	if i == from && j == e-1 {
		return true
	}
	tidy := j-i < 5
	for k := i; k <= j; k++ {
		tidy = tidy && (groups[k].to-groups[k].from > 1 || groups[k].words > 0)
	}
	spaced := func(k int) bool { // group k is parted from the one before by a blank
		t := d.read.at(groups[k].first - 1)
		return t.kind == lexemeSpace && groups[k-1].end == groups[k].first-1
	}
	short := func(k int) bool { return groups[k].to-groups[k].from <= 4 }
	if i > from && !(tidy && i == from+1 && short(from) && spaced(i)) {
		return false
	}
	if j == e-1 || tidy && j == e-2 && short(e-1) && spaced(e-1) {
		return true
	}
	for k := min(e-1, j+1+maxDialled); k > j; k-- {
		if d.accepts(j+1, k) {
			return true
		}
	}
	return false
}

type talk uint8

const (
	talkNothing talk = iota
	talkPhone        // "phone", "call me at"
	talkOther        // "order number", "invoice"
)

// talk tells what the words before place i say of the number that begins there.
func (rd *reading) talk(i int) talk {
	const far = 14
	says := talkNothing
	for k := i - 1; k >= max(0, i-far); k-- {
		t := rd.lexemes[k]
		switch {
		case t.kind == lexemeSpace, t.kind == lexemeMark && rd.isMark(k, `:.-("'=/[+,`):
			continue
		case t.kind == lexemeMark && (t.r == '☎' || t.r == '📞' || t.r == '📱'):
			return talkPhone
		case t.kind == lexemeMark && rd.isMark(k, "#$£€"):
			return talkOther
		case t.kind != lexemeWord:
			return says
		case otherNumbers.has(t.text), t.text == "n" && rd.isMark(k-1, "/"):
			return talkOther
		case wordRoles[t.text]&rolePhoneTalk != 0 && wordRoles[t.text]&roleGlue == 0:
			return talkPhone
		case wordRoles[t.text]&roleGlue == 0:
			return says
		case wordRoles[t.text]&rolePhoneTalk != 0:
			says = talkPhone // "number", unless it is that of something
		}
	}
	return says
}

// inCode tells whether what stands from first to end is written together with
// letters, in an address of the web or the name of a file.
func (rd *reading) inCode(first, end int) bool {
	if t := rd.at(first - 1); t.kind == lexemeWord && !rd.isRole(first-1, rolePhoneTalk|roleGlue) && (len(t.text) < 4 || t.upper) {
		return true
	}
	if t := rd.at(end); t.kind == lexemeWord && len(t.text) < 4 {
		return true
	}
	if t := rd.at(first - 2); rd.isMark(first-1, "-_") && t.isAtom() && (len(t.text) < 5 || t.upper) && !rd.isRole(first-2, rolePhoneTalk) {
		return true
	}
	if rd.isMark(end, ".") && rd.isRole(end+1, roleFile) {
		return true
	}
	return rd.inURL(first)
}

// inURL tells whether place i is in an address of the web. Those that dial do not
// count.
func (rd *reading) inURL(i int) bool {
	const far = 40
	slash := rd.isMark(i-1, "/=_-")
	for k := i - 1; slash && k >= max(0, i-far) && rd.lexemes[k].kind != lexemeSpace; k-- {
		if rd.at(k-1).text == "wa" && rd.at(k+1).text == "me" {
			return false
		}
		if rd.at(k).text == "www" || rd.isMark(k, ".") && rd.at(k-1).kind == lexemeWord && rd.isRole(k+1, roleTLD) {
			return true
		}
	}
	return false
}

// isOtherAfter tells whether the words from place i on say that the number before
// is none to call: a price, a quantity, "is my order number".
func (rd *reading) isOtherAfter(i int) bool {
	k := i
	for k < i+3 && (rd.at(k).kind == lexemeSpace || rd.isMark(k, ".,-")) {
		k++
	}
	if rd.isMark(k, "%€$£°") {
		return true
	}
	t := rd.at(k)
	if t.kind != lexemeWord {
		return false
	}
	if wordRoles[t.text]&roleUnit != 0 && (len(t.text) > 1 || t.upper) {
		return true
	}
	if wordRoles[t.text]&roleCopula == 0 {
		return false
	}
	const far = 9
	for n := k + 1; n < k+far; n++ {
		t := rd.at(n)
		if t.kind == lexemeWord && wordRoles[t.text]&rolePhoneTalk != 0 && wordRoles[t.text]&roleGlue == 0 || rd.isMark(n, ".!?") {
			return false
		}
		if t.kind == lexemeWord && otherNumbers.has(t.text) {
			return true
		}
	}
	return false
}

// account reads a bank account at place i: a country, check digits, groups of four.
// It gives the lexeme after it, or i.
func (rd *reading) account(i int) int {
	country, check := rd.lexemes[i], rd.at(i+1)
	if country.kind != lexemeWord || len(country.text) != 2 || check.kind != lexemeDigits || len(check.text) != 2 ||
		rd.at(i-1).isAtom() {
		return i
	}
	end, groups := i+2, 0
	for groups < 8 && rd.at(end).kind == lexemeSpace && end < len(rd.lexemes) {
		next, n := end+1, 0
		for rd.at(next).isAtom() && n < 4 {
			n += len(rd.at(next).text)
			next++
		}
		if n == 0 || n > 4 || n < 4 && groups < 2 {
			break
		}
		end = next
		if groups++; n < 4 {
			break
		}
	}
	if groups < 3 {
		return i
	}
	return end
}

// takeOthers marks the groups that are dates, times, years, decimals, addresses of
// machines or accounts.
func (rd *reading) takeOthers(r *run) {
	for i := 0; i < len(r.groups); {
		n := rd.other(r, i)
		for k := range n {
			r.groups[i+k].taken = true
		}
		i += max(1, n)
	}
}

// other tells how many groups from i on belong to something that is written with
// its own separators.
func (rd *reading) other(r *run, i int) int {
	var g [4][]byte
	var sep [3]rune
	n := 0
	for n < len(g) && i+n < len(r.groups) && r.groups[i+n].words == 0 {
		g[n] = r.digits[r.groups[i+n].from:r.groups[i+n].to]
		if n > 0 {
			sep[n-1] = rd.separator(r.groups[i+n-1].end, r.groups[i+n].first)
		}
		n++
	}
	switch {
	case n > 2 && isDate(g, sep):
		return 3
	case n > 1 && sep[0] == ':' && len(g[0]) < 3 && number(g[0]) < 25 && len(g[1]) == 2 && number(g[1]) < 60:
		return 2
	case n > 1 && sep[0] == '-' && isYear(g[0]) && isYear(g[1]) && (n == 2 || sep[1] != '-'):
		return 2
	case n > 1 && (sep[0] == '.' || sep[0] == ',') && isDecimal(g[0], g[1]) && (n == 2 || sep[1] != '.' && sep[1] != '-'):
		return 2
	case n > 1 && sep[0] == '/' && (len(g[0]) > 5 && len(g[1]) == 4 || len(g[0]) == 6 && len(g[1]) == 3) && (n == 2 || sep[1] == ',' || sep[1] == 0):
		return 2 // a Czech account or birth number
	case n == 4 && sep == [3]rune{'.', '.', '.'} && isByte(g[0]) && isByte(g[1]) && isByte(g[2]) && isByte(g[3]):
		return 4
	}
	return 0
}

// separator is the mark between two groups, with blanks around it or not, a blank
// when there is only one, and else 0.
func (rd *reading) separator(from, to int) rune {
	var mark rune
	for _, t := range rd.lexemes[from:to] {
		switch {
		case t.kind == lexemeWord || mark != 0 && t.kind == lexemeMark:
			return 0
		case t.kind == lexemeMark:
			mark = t.r
		}
	}
	if mark == 0 {
		return ' '
	}
	return mark
}

func isDate(g [4][]byte, sep [3]rune) bool {
	if sep[0] != sep[1] || !bytes.ContainsRune([]byte("./- "), sep[0]) {
		return false
	}
	day := func(b []byte) bool { return len(b) < 3 && number(b) > 0 && number(b) < 32 }
	return day(g[0]) && day(g[1]) && isYear(g[2]) || isYear(g[0]) && sep[0] != ' ' && len(g[1]) == 2 && day(g[1]) && len(g[2]) == 2 && day(g[2])
}

func isYear(b []byte) bool {
	return len(b) == 4 && (b[0] == '1' && b[1] == '9' || b[0] == '2' && b[1] == '0')
}

// isDecimal tells whether two groups are a number with digits after the point. An
// area code begins with a zero and has more digits.
func isDecimal(whole, rest []byte) bool {
	return len(whole) < 4 && len(rest) > 4 && (whole[0] != '0' || len(whole) == 1)
}

func isByte(b []byte) bool { return len(b) < 4 && number(b) < 256 }

func number(digits []byte) int {
	n := 0
	for _, c := range digits {
		n = min(n*10+int(c-'0'), 1<<20)
	}
	return n
}
