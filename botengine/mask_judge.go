package botengine

import "bytes"

// accepts tells whether the groups from i to j are a phone number.
func (d *detector) accepts(i, j int) bool {
	r := &d.run
	digits := r.digits[r.groups[i].from:r.groups[j].to]
	if len(digits) < minToldDigits || len(digits) > maxDialled {
		return false
	}
	if i == 0 && r.plus >= 0 && len(digits) > minPhoneDigits && (abroad(digits) || r.isPlain(i, j) && knownCode(digits)) {
		return true
	}
	first, end := r.groups[i].first, r.groups[j].end
	whole := (i == 0 || r.groups[i].before != separatorUsual || r.groups[i-1].taken) &&
		(j+1 == len(r.groups) || r.groups[j+1].before != separatorUsual || r.groups[j+1].taken)
	said := whole && r.wordsOf(i, j) >= minSaidWords && len(digits) > minPhoneDigits
	right := said || d.looksRight(digits) || i < j && d.oldTrunk(digits)
	if !right && (!whole || len(digits) > maxPhoneDigits) {
		return false // before anything that costs
	}
	before, after := d.read.talk(first), d.read.talkAfter(end)
	if before == talkOther || after == talkOther || d.read.inCode(first, end) {
		return false
	}
	return before == talkPhone || after == talkPhone || right && !r.isRising(i, j) && !r.isPostal(i, j) && !r.isBroken(i, j)
}

// isPlain tells whether there are only the usual separators between the groups.
func (r *run) isPlain(i, j int) bool {
	for _, g := range r.groups[i+1 : j+1] {
		if g.before != separatorUsual {
			return false
		}
	}
	return true
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

// oldTrunk tells whether digits are a number with the zero that was dialled before
// it once, as in Poland and the Czech Republic.
func (d *detector) oldTrunk(digits []byte) bool {
	return d.plan.code != "" && d.plan.trunk == "" && digits[0] == '0' && d.plan.has(digits[1:])
}

// isRising tells whether the groups count or are lottery numbers. Five pairs after
// a zero are a number as France writes it.
func (r *run) isRising(i, j int) bool {
	least := 5
	if g := r.groups[i]; r.digits[g.from] == '0' {
		least = 6
	}
	if j-i+1 < least {
		return false
	}
	last := -1
	for _, g := range r.groups[i : j+1] {
		v := number(r.digits[g.from:g.to])
		if g.to-g.from > 3 || v <= last {
			return false
		}
		last = v
	}
	return true
}

// isPostal tells whether all groups are postal codes, which in Germany look like
// area codes.
func (r *run) isPostal(i, j int) bool {
	for _, g := range r.groups[i : j+1] {
		if g.to-g.from != 5 || r.digits[g.from] != '0' {
			return false
		}
	}
	return j > i
}

// alone tells whether a number from i to j stands apart from the other groups of
// from to e: they are numbers too, or with loose a short one on a side, such as a
// house number; beside a number without blanks two, such as a postal code.
func (d *detector) alone(from, i, j, e int, loose bool) bool {
	groups := d.run.groups
	most, tidy := 1, loose
	if i == j {
		most = 2
	}
	for k := i; k <= j && tidy; k++ {
		tidy = j-i < 5 && (groups[k].to-groups[k].from > 1 || groups[k].words > 0)
	}
	short := func(from, to int) bool { // spaced must be the separators beside them
		for k := from; k < to; k++ {
			if groups[k].to-groups[k].from > 5 {
				return false
			}
		}
		return tidy && to-from <= most
	}
	if i > from && (!short(from, i) || !d.read.isSpaced(groups[i-1].end, groups[i].first) || d.read.talk(groups[from].first) == talkOther) {
		return false
	}
	if j == e-1 || short(j+1, e) && d.read.isSpaced(groups[j].end, groups[j+1].first) {
		return true
	}
	for k := min(e-1, j+1+maxDialled); k > j; k-- {
		if d.accepts(j+1, k) {
			return true
		}
	}
	return false
}

// isSpaced tells whether there is a blank and nothing else between these places.
func (rd *reading) isSpaced(from, to int) bool {
	return to == from+1 && rd.lexemes[from].kind == lexemeSpace
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
			if before := rd.at(k - 2); before.kind == lexemeWord && otherNumbers.has(before.text) {
				return says // "kod sms"
			}
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

// talkAfter tells what the words from place i on say of the number before them: a
// price, a quantity, "is my order number", "is my phone number".
func (rd *reading) talkAfter(i int) talk {
	k := i
	for k < i+3 && (rd.at(k).kind == lexemeSpace || rd.isMark(k, ".,-")) {
		k++
	}
	if rd.isMark(k, "%€$£°") {
		return talkOther
	}
	t := rd.at(k)
	if t.kind != lexemeWord {
		return talkNothing
	}
	if wordRoles[t.text]&roleUnit != 0 && (len(t.text) > 1 || t.upper && !rd.isMark(k+1, ":")) {
		return talkOther
	}
	if wordRoles[t.text]&roleCopula == 0 {
		return talkNothing
	}
	const far = 9
	for n := k + 1; n < k+far && !rd.isMark(n, ".!?"); n++ {
		switch t := rd.at(n); {
		case t.kind != lexemeWord:
		case otherNumbers.has(t.text):
			return talkOther
		case wordRoles[t.text]&rolePhoneTalk != 0 && wordRoles[t.text]&roleGlue == 0:
			return talkPhone
		}
	}
	return talkNothing
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
	case n > 1 && (sep[0] == '.' || sep[0] == ',') && isDecimal(g[0], g[1]) && rd.ends(r, i, 2, '.'):
		return 2
	case n > 1 && sep[0] == '/' && (len(g[0]) > 5 && len(g[1]) == 4 || len(g[0]) == 6 && len(g[1]) == 3) && (n == 2 || sep[1] == ',' || sep[1] == 0):
		return 2 // a Czech account or birth number
	case n == 4 && sep == [3]rune{'.', '.', '.'} && rd.ends(r, i, 4, '.') && isByte(g[0]) && isByte(g[1]) && isByte(g[2]) && isByte(g[3]):
		return 4
	}
	return 0
}

// ends tells whether the n groups from i on are not joined to others by the mark.
func (rd *reading) ends(r *run, i, n int, mark rune) bool {
	joined := func(k int) bool {
		return k > 0 && k < len(r.groups) && rd.separator(r.groups[k-1].end, r.groups[k].first) == mark
	}
	return !joined(i) && !joined(i+n)
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

// isDecimal tells whether two groups are a number with digits after the point, or
// a price. An area code begins with a zero and has more digits.
func isDecimal(whole, rest []byte) bool {
	return len(whole) < 4 && len(rest) > 4 && (whole[0] != '0' || len(whole) == 1) || len(whole) > 4 && len(rest) == 2
}

func isByte(b []byte) bool { return len(b) < 4 && number(b) < 256 }

func number(digits []byte) int {
	n := 0
	for _, c := range digits {
		n = min(n*10+int(c-'0'), 1<<20)
	}
	return n
}
