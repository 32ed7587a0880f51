package botengine

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// latin holds what the letters of Latin-1 Supplement, Latin Extended-A and B fold
// to. It is computed once, so that a turn needs no normaliser for the languages
// the bot speaks.
var latin = func() [0x250 - 0x80]string {
	var table [0x250 - 0x80]string
	special := map[rune]string{
		'ł': "l", 'ß': "ss", 'ø': "o", 'đ': "d", 'æ': "ae", 'œ': "oe", 'ı': "i", 'ð': "d", 'þ': "th", 'ħ': "h", 'ŧ': "t",
	}
	for r := rune(0x80); r < 0x250; r++ {
		lower := unicode.ToLower(r)
		if s, ok := special[lower]; ok {
			table[r-0x80] = s
			continue
		}
		var b strings.Builder
		for _, d := range norm.NFKD.String(string(lower)) {
			if unicode.IsLetter(d) || unicode.IsDigit(d) {
				b.WriteRune(unicode.ToLower(d))
			}
		}
		table[r-0x80] = b.String()
	}
	return table
}()

// appendFold appends s to dst as words in lower case without diacritics, one
// space between them. What is neither letter nor digit separates words; a star
// stays where keepStar is set, for patterns.
func appendFold(dst []byte, s string, keepStar bool) []byte {
	start, gap := len(dst), false
	put := func(piece string) {
		if piece == "" {
			return
		}
		if gap && len(dst) > start {
			dst = append(dst, ' ')
		}
		gap = false
		dst = append(dst, piece...)
	}
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			switch {
			case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			case 'A' <= c && c <= 'Z':
				c += 'a' - 'A'
			case c == '*' && keepStar:
				dst = append(dst, '*')
				continue
			case c == '\'':
				continue // "don't" is one word
			default:
				gap = true
				continue
			}
			if gap && len(dst) > start {
				dst = append(dst, ' ')
			}
			gap = false
			dst = append(dst, c)
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		switch {
		case r < 0x250:
			if piece := latin[r-0x80]; piece == "" && !unicode.Is(unicode.Mn, r) {
				gap = true
			} else {
				put(piece)
			}
		case r == '’':
		case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r):
			// A combining mark belongs to the letter before it; direction marks
			// and joiners are not seen.
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			put(string(unicode.ToLower(r)))
		default:
			gap = true
		}
	}
	return dst
}

// fold returns s as words in lower case without diacritics.
func fold(s string) string { return string(appendFold(nil, s, false)) }
