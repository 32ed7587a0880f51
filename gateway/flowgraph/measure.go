package flowgraph

import (
	"strings"
	"unicode"
)

// arialWidths are the advance widths of the printable ASCII characters of Arial,
// in thousandths of the font size. Other fonts of the stack are no wider than
// slack allows for.
var arialWidths = [95]int{
	278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
	556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
	1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
	667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
	333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
	556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
}

// slack makes measured widths safe for wider fonts, DejaVu Sans among them.
const slack = 1.17

// width estimates how wide a text is at a font size.
func width(s string, size float64) float64 {
	total := 0
	for _, r := range s {
		switch {
		case r >= ' ' && r <= '~':
			total += arialWidths[r-' ']
		case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Cf, r):
		case r >= 0x1100 && wide(r):
			total += 1000
		case unicode.IsUpper(r):
			total += 700
		default:
			total += 560
		}
	}
	return float64(total) / 1000 * size * slack
}

// wide tells the scripts and pictures that take a whole square.
func wide(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) ||
		r >= 0x1f000 || (r >= 0x2600 && r <= 0x27bf) || (r >= 0xff00 && r <= 0xff60)
}

// bold text is wider.
func boldWidth(s string, size float64) float64 { return width(s, size) * 1.08 }

// wrap breaks a text into at most lines lines of at most room, with an ellipsis
// where something was left out.
func wrap(s string, size, room float64, lines int) []string {
	var out []string
	line := ""
	words := strings.Fields(printable(s))
	for i := 0; i < len(words); i++ {
		longer := words[i]
		if line != "" {
			longer = line + " " + words[i]
		}
		if width(longer, size) <= room {
			line = longer
			continue
		}
		if len(out) == lines-1 {
			return append(out, cut(longer+" "+strings.Join(words[i+1:], " "), size, room))
		}
		if line == "" {
			// A word too long for a line is broken.
			head := fitting(words[i], size, room)
			out = append(out, head)
			words[i] = words[i][len(head):]
		} else {
			out = append(out, line)
			line = ""
		}
		i--
	}
	if line != "" {
		out = append(out, line)
	}
	return out
}

// shorten fits a text on one line.
func shorten(s string, size, room float64) string {
	s = strings.Join(strings.Fields(printable(s)), " ")
	if width(s, size) <= room {
		return s
	}
	return cut(s, size, room)
}

// cut ends a text with an ellipsis where the room ends, between words unless the
// last one is long.
func cut(s string, size, room float64) string {
	head := fitting(s, size, room-width("…", size))
	if space := strings.LastIndexByte(head, ' '); space > len(head)*3/5 && !strings.HasPrefix(s[len(head):], " ") {
		head = head[:space]
	}
	return strings.TrimRight(head, " ,.;:–-") + "…"
}

// fitting is the longest beginning of a text that fits, one character at least.
func fitting(s string, size, room float64) string {
	end := 0
	for i, r := range s {
		next := i + len(string(r))
		if i > 0 && width(s[:next], size) > room {
			break
		}
		end = next
	}
	return s[:end]
}

// printable replaces what a drawing cannot hold: control characters, which XML
// forbids, and direction marks, which would turn a neighbour's text round.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\u200c' || r == '\u200d':
			return r
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case unicode.Is(unicode.Cf, r), r == 0xfffe, r == 0xffff:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}
