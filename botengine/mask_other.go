package botengine

import "bytes"

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
	case n > 1 && sep[0] == ':' && len(g[0]) < 3 && valueOf(g[0]) < 25 && len(g[1]) == 2 && valueOf(g[1]) < 60:
		return 2
	case n > 1 && sep[0] == '-' && isYear(g[0]) && isYear(g[1]) && (n == 2 || sep[1] != '-'):
		return 2
	case n > 1 && (sep[0] == '.' || sep[0] == ',') && isDecimal(g[0], g[1]) &&
		r.groups[i].end+1 == r.groups[i+1].first && rd.ends(r, i, 2, '.'):
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
	day := func(b []byte) bool { return len(b) < 3 && valueOf(b) > 0 && valueOf(b) < 32 }
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

func isByte(b []byte) bool { return len(b) < 4 && valueOf(b) < 256 }

func valueOf(digits []byte) int {
	n := 0
	for _, c := range digits {
		n = min(n*10+int(c-'0'), 1<<20)
	}
	return n
}
