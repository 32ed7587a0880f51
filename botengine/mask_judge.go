package botengine

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
		v := valueOf(r.digits[g.from:g.to])
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
// house number, also with the flat; beside a number without blanks two, such as a
// postal code.
func (d *detector) alone(from, i, j, e int, loose bool) bool {
	groups := d.run.groups
	most, tidy := 1, loose
	if i == j || i == from+2 && d.read.separator(groups[from].end, groups[from+1].first) == '/' {
		most = 2
	}
	for k := i; k <= j && tidy; k++ {
		tidy = j-i < 5 && (groups[k].to-groups[k].from > 1 || groups[k].words > 0)
	}
	short := func(from, to int) bool {
		if !tidy || to-from > most {
			return false
		}
		for k := from; k < to; k++ {
			if groups[k].to-groups[k].from > 5 {
				return false
			}
		}
		return true
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
