package botengine

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// lookalikes are letters that decompose into nothing simpler, and letters of other
// alphabets that look like Latin ones.
var lookalikes = map[rune]byte{
	'ł': 'l', 'Ł': 'l', 'đ': 'd', 'Đ': 'd', 'ø': 'o', 'Ø': 'o', 'ı': 'i', 'ɑ': 'a', 'ɡ': 'g', 'ſ': 's',
	'а': 'a', 'в': 'b', 'с': 'c', 'ԁ': 'd', 'е': 'e', 'һ': 'h', 'і': 'i', 'ј': 'j', 'к': 'k', 'ӏ': 'l', 'м': 'm', 'н': 'h',
	'о': 'o', 'р': 'p', 'ѕ': 's', 'т': 't', 'у': 'y', 'х': 'x', 'ԝ': 'w',
	'А': 'a', 'В': 'b', 'С': 'c', 'Е': 'e', 'Н': 'h', 'І': 'i', 'Ј': 'j', 'К': 'k', 'М': 'm', 'О': 'o', 'Р': 'p', 'Ѕ': 's',
	'Т': 't', 'У': 'y', 'Х': 'x',
	'α': 'a', 'ι': 'i', 'κ': 'k', 'ν': 'v', 'ο': 'o', 'ρ': 'p', 'τ': 't', 'υ': 'u', 'χ': 'x',
	'Α': 'a', 'Β': 'b', 'Ε': 'e', 'Η': 'h', 'Ι': 'i', 'Κ': 'k', 'Μ': 'm', 'Ν': 'n', 'Ο': 'o', 'Ρ': 'p', 'Τ': 't', 'Υ': 'y', 'Χ': 'x',
}

// signs of the same meaning.
var sameMarks = map[rune]rune{
	'＠': '@', '﹫': '@', '。': '.', '｡': '.', '․': '.', '…': '.', '·': '.', '∙': '.', '‚': ',', '、': ',',
	'‐': '-', '‑': '-', '‒': '-', '–': '-', '―': '—', '−': '-', '⁃': '-', '∕': '/', '⁄': '/', '＋': '+',
	'’': '\'', '‘': '\'', 'ʼ': '\'', '´': '\'', '`': '\'', '“': '"', '”': '"', '„': '"', '«': '"', '»': '"',
	'ⓐ': 'ⓐ', 'Ⓐ': 'ⓐ', '🐵': '🐒', '⟨': '<', '⟩': '>', '【': '[', '】': ']', '．': '.',
}

// A class says what a character is for the detector.
type class uint8

const (
	classMark class = iota
	classSpace
	classLetter
	classDigit
	classNothing // invisible, or a sign upon the character before
)

// A folded character.
type folded struct {
	class class
	r     rune
}

// folds has the characters that European lines are made of.
var folds = func() *[0x250]folded {
	t := new([0x250]folded)
	for r := range rune(len(t)) {
		t[r].class, t[r].r = foldSlow(r)
	}
	return t
}()

// foldRune says what r is, and what stands for it: a small letter without diacritics,
// a digit, or a mark.
func foldRune(r rune) (class, rune) {
	if uint32(r) < uint32(len(folds)) {
		return folds[r].class, folds[r].r
	}
	return foldSlow(r)
}

func foldSlow(r rune) (class, rune) {
	switch {
	case 'a' <= r && r <= 'z':
		return classLetter, r
	case '0' <= r && r <= '9':
		return classDigit, r
	case 'A' <= r && r <= 'Z':
		return classLetter, r | 0x20
	case r == ' ' || r == '\t' || r == '\r':
		return classSpace, ' '
	case r == '\n':
		return classSpace, r
	case r < utf8.RuneSelf:
		return classMark, r
	}
	return foldWide(r)
}

func foldWide(r rune) (class, rune) {
	if m, ok := sameMarks[r]; ok {
		return classMark, m
	}
	if l, ok := lookalikes[r]; ok {
		return classLetter, rune(l)
	}
	switch {
	case r == 0xAD || r >= 0x200B && r <= 0x200F || r >= 0x2060 && r <= 0x2064 || r == 0xFEFF:
		return classNothing, 0
	case r >= 0x20D0 && r <= 0x20FF || r >= 0xFE00 && r <= 0xFE0F || unicode.Is(unicode.Mn, r):
		return classNothing, 0
	case r == 0x2028 || r == 0x2029 || r == 0x85:
		return classSpace, '\n'
	case unicode.IsSpace(r):
		return classSpace, ' '
	case r == '№':
		return classMark, '#'
	}
	var buf [utf8.UTFMax]byte
	// A letter with a diacritic, or one in another dress; of numbers only single
	// digits, not ten in a circle or a half.
	plain := norm.NFKD.Properties(utf8.AppendRune(buf[:0], r)).Decomposition()
	if len(plain) == 1 || len(plain) > 1 && plain[0] < utf8.RuneSelf && !unicode.Is(unicode.No, r) {
		return foldSlow(rune(plain[0]))
	}
	if unicode.Is(unicode.Nd, r) {
		return classDigit, digitOf(r)
	}
	if unicode.IsLetter(r) {
		return classLetter, unicode.ToLower(r)
	}
	return classMark, r
}

// digitOf is the digit that r is in its script. Unicode has the ten digits of a
// script one after another, and tables begin with a zero.
func digitOf(r rune) rune {
	for _, t := range unicode.Nd.R16 {
		if lo := rune(t.Lo); lo <= r && r <= rune(t.Hi) {
			return '0' + (r-lo)%10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if lo := rune(t.Lo); lo <= r && r <= rune(t.Hi) {
			return '0' + (r-lo)%10
		}
	}
	return '0'
}
