package botengine

import "strings"

// host reads the host after the sign and gives the lexeme after it, or -1.
func (rd *reading) host(at atSign) int {
	if rd.gluedHost(at) {
		return rd.dotted(at.end, at, true)
	}
	i := at.end
	if !rd.at(i).isAtom() {
		return -1
	}
	return rd.dotted(rd.label(i, at), at, false)
}

// gluedHost tells whether the host began in the same word as the sign.
func (rd *reading) gluedHost(at atSign) bool {
	t := rd.at(at.end - 1)
	return at.kind == atWord && t.kind == lexemeWord && wordRoles[t.text]&(roleAt|roleWeakAt|roleSign) == 0 && t.text != "a"
}

// label reads one label of a host from place i and gives the lexeme after it.
func (rd *reading) label(i int, at atSign) int {
	if end := rd.letters(i, 0, 1); end > i {
		return end + 1
	}
	for {
		for rd.at(i).isAtom() || rd.isMark(i, "-_") && (rd.at(i+1).isAtom() && !rd.isRole(i+1, roleDot) || rd.isMark(i+1, "-") && rd.at(i+2).isAtom()) {
			i++
		}
		// "t minus online"
		word := rd.skipFiller(i)
		if at.kind == atPlain || word == i || !rd.isRole(word, roleJoin) {
			return i
		}
		next := rd.skipFiller(word + 1)
		if next == word+1 || !rd.at(next).isAtom() {
			return i
		}
		i = next
	}
}

// dotted reads the labels after the first one, which ends before place i. The last
// one must be a top-level domain; a host without any counts where many have mail.
func (rd *reading) dotted(i int, at atSign, glued bool) int {
	end, first, dots := -1, i-1, 0
	for i < at.end+maxLexemes {
		next, kind := rd.dot(i, at, dots)
		if next < 0 {
			break
		}
		after := rd.label(next, at)
		last := rd.at(after - 1)
		known := wordRoles[last.text]&roleTLD != 0 || after-next > 1 && rd.spelledTLD(next, after)
		punycode := after-next > 1 && rd.at(next).text == "xn"
		switch {
		case punycode, last.kind == lexemeWord && (known || len(last.text) >= 2 && kind != dotLoose && at.kind < atLoose):
			end = after
		case kind == dotLoose:
			return end
		}
		i = after
		dots++
		if kind == dotNone {
			break
		}
	}
	if end < 0 && dots == 0 && !glued && at.kind < atBracket && rd.isRole(first, roleProvider) && first == at.end {
		return i
	}
	return end
}

// spelledTLD tells whether letters written apart are a top-level domain.
func (rd *reading) spelledTLD(from, end int) bool {
	var b strings.Builder
	for _, t := range rd.lexemes[from:end] {
		if len(t.text) > 1 {
			return false
		}
		b.WriteString(t.text)
	}
	return wordRoles[b.String()]&roleTLD != 0
}

type dotKind uint8

const (
	dotPlain dotKind = iota // a dot
	dotWord                 // a word for it, or one in brackets
	dotLoose                // a dot among blanks, or a comma: only before a known domain
	dotNone                 // none at all: "wp pl"
)

// dot reads the dot at place i and gives where the next label begins, or -1.
func (rd *reading) dot(i int, at atSign, dots int) (int, dotKind) {
	if rd.isMark(i, ".") && rd.at(i+1).isAtom() && !rd.isRole(i+1, roleDot) {
		return i + 1, dotPlain
	}
	next := rd.skipFiller(i)
	tld := func(i int) bool { return rd.isRole(i, roleTLD) }
	if rd.isRole(next, roleDot) || rd.at(next).text == "full" && rd.isRole(next+2, roleDot) {
		if rd.at(next).text == "full" {
			next += 2
		}
		if after := rd.skipFiller(next + 1); rd.at(after).isAtom() {
			return after, dotWord
		}
		return -1, 0
	}
	if !rd.at(next).isAtom() || next == i {
		return -1, 0
	}
	word := at.kind != atPlain
	switch between := rd.lexemes[i:next]; {
	case len(between) == 1 && between[0].kind == lexemeMark && between[0].r == ',' && dots == 0 && at.kind < atWord && tld(next):
		return next, dotLoose
	case hasMark(between, '.') && (tld(next) || len(rd.at(next).text) == 1) && !rd.endsSentence(i, between):
		return next, dotLoose
	case word && dots == 0 && len(between) == 1 && between[0].kind == lexemeSpace && tld(next) && rd.endsWithTLD(next, at):
		return next, dotNone
	}
	return -1, 0
}

func hasMark(lexemes []lexeme, r rune) bool {
	for _, t := range lexemes {
		if t.kind == lexemeMark && t.r == r {
			return true
		}
	}
	return false
}

// endsSentence tells whether the marks after place i end a sentence rather than
// part a host: "anna@wp.pl. To ja" has its domain already.
func (rd *reading) endsSentence(i int, between []lexeme) bool {
	return between[0].kind == lexemeMark && between[0].r == '.' && rd.isRole(i-1, roleTLD) && !rd.isMark(i-2, "@")
}

// endsWithTLD tells whether "wp pl" is meant as a host: where many have mail, or
// after a word that means @ and nothing else.
func (rd *reading) endsWithTLD(next int, at atSign) bool {
	if at.kind > atWord {
		return rd.isRole(next-2, roleProvider) && rd.isRole(next, roleSureTLD)
	}
	return rd.isRole(next-2, roleProvider) || at.kind == atWord && wordRoles[rd.at(next).text]&(roleWeakAt|roleAnd|roleNoLocal) == 0
}
