package botengine

import "unicode/utf8"

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
		if r&(roleDot|roleTLD) != 0 {
			mark(w, startsDot)
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
	var r signReader
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch l := c | 0x20; {
		case 'a' <= l && l <= 'z':
			if r.letter(int(l)); c == 'A' && r.letters > 1 && i+1 < len(s) && s[i+1] == 'T' {
				r.found |= signMail // "annaATfirmaDOTde"
			}
		case '0' <= c && c <= '9':
			r.endWord()
			r.numbers++
		case c < utf8.RuneSelf:
			r.endWord()
			next := byte(' ')
			if i+1 < len(s) {
				next = s[i+1]
			}
			r.mark(c, next)
		default:
			wide, n := utf8.DecodeRuneInString(s[i:])
			r.wide(wide)
			i += n - 1
		}
	}
	r.endWord()
	if r.numbers >= minPhoneSigns {
		r.found |= signPhone
	}
	if r.seen&startsAt != 0 || r.seen&startsWeakAt != 0 && r.seen&startsDot != 0 {
		r.found |= signMail
	}
	return r.found
}

// A signReader remembers what was seen of a line.
type signReader struct {
	found   sign
	seen    uint8
	numbers int
	// The word that is being read, and how many letters of it are in key.
	key, letters int
}

func (r *signReader) letter(l int) {
	if r.letters < 3 {
		r.key = r.key<<5 | (l - 'a' + 1)
	}
	r.letters++
}

func (r *signReader) endWord() {
	if r.letters == 0 {
		return
	}
	what := starts[r.key<<(5*max(0, 3-r.letters))]
	r.key, r.letters = 0, 0
	r.seen |= what
	if what&startsNumber != 0 {
		r.numbers += numberWordSigns
	}
}

// mark is for a sign of ASCII and the byte after it.
func (r *signReader) mark(c, next byte) {
	switch {
	case c == '@':
		r.found |= signMail
	case c == '.' && next > ' ':
		r.seen |= startsDot
	case c == '&' && next > ' ':
		r.found |= signMail | signPhone // an entity
	case c == '%' && next == '4':
		r.found |= signMail
	}
}

func (r *signReader) wide(c rune) {
	switch kind, f := foldRune(c); kind {
	case classLetter:
		switch {
		case 'a' <= f && f <= 'z':
			r.letter(int(f))
		default:
			r.letters++
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
