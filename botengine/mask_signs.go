package botengine

import (
	"strings"
	"unicode/utf8"
)

// A sign says what a line may have.
type sign uint8

const (
	signMail sign = 1 << iota
	signPhone
)

// minPhoneSigns is how many digits a line with a phone number has at least. A word
// can say several.
const (
	minPhoneSigns   = 6
	numberWordSigns = 3
)

// What the beginning of a word can belong to.
const (
	startsNumber = 1 << iota
	startsAt
	startsWeakAt
	startsDot
	startsAnd
)

// starts tells by the first three letters of a word what it can be, so that
// ordinary words cost nothing. Five bits are a letter.
var starts = func() *[1 << 15]uint8 {
	t := new([1 << 15]uint8)
	mark := func(word string, what uint8) { t[startOf(word)] |= what }
	for w := range numerals {
		mark(w, startsNumber)
	}
	for w, r := range wordRoles {
		if r&roleAt != 0 {
			mark(w, startsAt)
		}
		if r&roleWeakAt != 0 {
			mark(w, startsWeakAt)
		}
		if r&(roleDot|roleSureTLD) != 0 {
			mark(w, startsDot)
		}
		if r&roleAnd != 0 {
			mark(w, startsAnd)
		}
	}
	for _, a := range "oil" { // what looksLikeDigits
		mark(string(a), startsNumber)
		for _, b := range "oil" {
			mark(string([]rune{a, b}), startsNumber)
			for _, c := range "oil" {
				mark(string([]rune{a, b, c}), startsNumber)
			}
		}
	}
	mark("kolku", startsAt) // "w kółku a"
	return t
}()

// startOf is the place of a folded word in starts.
func startOf(word string) int {
	key, letters := 0, 0
	for i := 0; i < len(word) && letters < 3 && word[i] >= 'a' && word[i] <= 'z'; i++ {
		key = key<<5 | int(word[i]-'a'+1)
		letters++
	}
	return key << (5 * (3 - letters))
}

// signsIn reads through a line and tells what it may have. Most lines have nothing,
// and they are what this must be quick for.
func signsIn(s string) sign {
	r := signReader{s: s}
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch l := c | 0x20; {
		case 'a' <= l && l <= 'z':
			if r.letter(int(l), i); c == 'A' && r.letters > 1 && i+1 < len(s) && s[i+1] == 'T' {
				r.found |= signMail // "annaATfirmaDOTde"
			}
		case '0' <= c && c <= '9':
			r.endWord()
			r.numbers++
		case c < utf8.RuneSelf:
			r.endWord()
			r.mark(s[i:])
		default:
			wide, n := utf8.DecodeRuneInString(s[i:])
			r.wide(wide, i)
			i += n - 1
		}
	}
	r.endWord()
	r.endNumber()
	if r.seen&startsAt != 0 || r.seen&startsWeakAt != 0 && r.seen&startsDot != 0 {
		r.found |= signMail
	}
	return r.found
}

// A signReader remembers what was seen of a line.
type signReader struct {
	s       string
	found   sign
	seen    uint8
	numbers int
	// The word that is being read: its first letters, how many it has, and where it
	// begins.
	key, letters, start int
}

func (r *signReader) letter(l, at int) {
	if r.letters == 0 {
		r.start = at
	}
	if r.letters < 3 {
		r.key = r.key<<5 | (l - 'a' + 1)
	}
	r.letters++
}

func (r *signReader) endWord() {
	if r.letters == 0 {
		return
	}
	what, letters := starts[r.key<<(5*max(0, 3-r.letters))], r.letters
	r.key, r.letters = 0, 0
	if what&startsAt != 0 && !beginsAt(r.s[r.start:]) {
		what &^= startsAt
	}
	r.seen |= what
	switch {
	case what&startsNumber != 0:
		r.numbers += max(numberWordSigns, letters/lettersADigit)
	case what&startsAnd == 0:
		r.endNumber()
	}
}

// beginsAt tells whether a word for @ begins a text, or another word that begins
// like one.
func beginsAt(s string) bool {
	const longest = 5 // letters that tell enough
	var buf [4 * longest]byte
	word := buf[:0]
	for _, r := range s {
		kind, f := foldRune(r)
		if kind == classNothing {
			continue
		}
		if kind != classLetter || len(word) >= longest {
			break
		}
		word = utf8.AppendRune(word, f)
	}
	return atBeginnings[string(word[:min(len(word), longest)])]
}

// atBeginnings are the first five letters of the words for @.
var atBeginnings = func() map[string]bool {
	m := map[string]bool{"kolku": true} // "w kółku a"
	for w, r := range wordRoles {
		if r&roleAt != 0 {
			m[w[:min(len(w), 5)]] = true
		}
	}
	return m
}()

// endNumber is for what parts numbers.
func (r *signReader) endNumber() {
	if r.numbers >= minPhoneSigns {
		r.found |= signPhone
	}
	r.numbers = 0
}

// mark is for a line that goes on with a sign of ASCII.
func (r *signReader) mark(s string) {
	c, next := s[0], byte(' ')
	if len(s) > 1 {
		next = s[1]
	}
	switch {
	case next|0x20 == 'a' && len(s) > 2 && strings.IndexByte("([{<", c) >= 0 && strings.IndexByte(")]}>", s[2]) >= 0:
		r.found |= signMail // "(a)"
	case c == '@':
		r.found |= signMail
	case c == '.' && (next > ' ' || r.seen&startsWeakAt != 0 && len(s) > 1):
		r.seen |= startsDot
	case c == '&' && next > ' ':
		r.found |= signMail | signPhone // an entity
	case c == '%' && next == '4':
		r.found |= signMail
	}
}

func (r *signReader) wide(c rune, at int) {
	switch kind, f := foldRune(c); kind {
	case classLetter:
		switch {
		case 'a' <= f && f <= 'z':
			r.letter(int(f), at)
		default:
			r.letter('z'+1, at) // no word begins so
		}
	case classNothing:
	case classDigit:
		r.endWord()
		r.numbers++
	default:
		r.endWord()
		if f == '@' || f == 'ⓐ' || f == '🐒' {
			r.found |= signMail
		}
	}
}
