package protocol

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// longSegment is from how many characters on a part of a path may be a key.
const longSegment = 20

// maskedSegment takes the place of what may name a person.
const maskedSegment = "*"

// MaskPath replaces the parts of a page's path that may name a person or open
// something: with an @, with seven digits or more, or as long and mixed as a key.
// The widget does the same (src/page.ts); this is for everybody else.
func MaskPath(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if names(part) {
			parts[i] = maskedSegment
		}
	}
	return strings.Join(parts, "/")
}

func names(part string) bool {
	plain, err := url.PathUnescape(part)
	if err != nil || !utf8.ValidString(plain) {
		return true
	}
	var digits, lower, upper, others int
	for _, c := range plain {
		switch {
		case c == '@':
			return true
		case '0' <= c && c <= '9':
			digits++
		case 'a' <= c && c <= 'z':
			lower++
		case 'A' <= c && c <= 'Z':
			upper++
		default:
			others++
		}
	}
	long := digits+lower+upper+others >= longSegment
	return digits >= 7 || long && (others == 0 || digits > 0 && lower > 0 && upper > 0)
}
