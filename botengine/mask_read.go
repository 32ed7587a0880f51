package botengine

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

type lexemeKind uint8

const (
	lexemeMark  lexemeKind = iota // one sign: r
	lexemeSpace                   // spaces; with a line break r is '\n', with several spaces '\t'
	lexemeWord                    // letters
	lexemeDigits
)

// A lexeme is a piece of a line, from byte start to byte end. text is what it says:
// small letters without diacritics, or ASCII digits.
type lexeme struct {
	start, end int
	kind       lexemeKind
	upper      bool // of a word: begins with a capital
	cut        bool // of a word: taken out of one, as in "annaATfirmaDOTde"
	r          rune
	from       int32 // where text begins in all text of the line
	text       string
}

// A reading is a line in lexemes.
type reading struct {
	s       string
	lexemes []lexeme
	camel   bool // some word has a capital after a small letter
}

// of reads a line.
func (rd *reading) of(s string) {
	rd.s = s
	rd.lexemes = rd.lexemes[:0]
	rd.camel = false
	var buf [160]byte
	text := buf[:0]
	open := false // a word or number is being read
	for i := 0; i < len(s); {
		r, n := decode(s[i:])
		kind, f := foldRune(r)
		if kind == classNothing {
			if last := len(rd.lexemes) - 1; last >= 0 {
				rd.lexemes[last].end = i + n
			}
			i += n
			continue
		}
		last := len(rd.lexemes) - 1
		same := open && (kind == classLetter) == (rd.lexemes[last].kind == lexemeWord) && (kind == classLetter || kind == classDigit)
		open = same
		switch {
		case same:
			if kind == classLetter && isUpper(r) && !isUpper(rune(s[i-1])) {
				rd.camel = true
			}
			rd.lexemes[last].end = i + n
			text = utf8.AppendRune(text, f)
		case kind == classLetter, kind == classDigit:
			open = true
			t := lexeme{start: i, end: i + n, kind: lexemeWord, upper: isUpper(r), from: int32(len(text))}
			if kind == classDigit {
				t.kind = lexemeDigits
			}
			rd.lexemes = append(rd.lexemes, t)
			text = utf8.AppendRune(text, f)
		case kind == classSpace:
			rd.space(i, i+n, f)
		default:
			rd.lexemes = append(rd.lexemes, lexeme{start: i, end: i + n, kind: lexemeMark, r: f})
		}
		i += n
	}
	rd.settle(string(text))
}

// settle gives the lexemes their text.
func (rd *reading) settle(text string) {
	end := len(text)
	for i := len(rd.lexemes) - 1; i >= 0; i-- {
		if t := &rd.lexemes[i]; t.isAtom() {
			t.text = text[t.from:end]
			end = int(t.from)
		}
	}
	if rd.camel {
		rd.splitCapitals()
	}
}

func isUpper(r rune) bool { return 'A' <= r && r <= 'Z' }

// space adds a space, or makes the space before it longer.
func (rd *reading) space(start, end int, r rune) {
	if last := len(rd.lexemes) - 1; last >= 0 && rd.lexemes[last].kind == lexemeSpace {
		t := &rd.lexemes[last]
		t.end = end
		if r == '\n' || t.r == '\n' {
			t.r = '\n'
		} else {
			t.r = '\t'
		}
		return
	}
	rd.lexemes = append(rd.lexemes, lexeme{start: start, end: end, kind: lexemeSpace, r: r})
}

// splitCapitals takes capital words out of the middle of others, as in
// "annaATfirmaDOTde".
func (rd *reading) splitCapitals() {
	var split []lexeme
	for _, t := range rd.lexemes {
		split = rd.splitWord(split, t)
	}
	rd.lexemes = split
}

func (rd *reading) splitWord(split []lexeme, t lexeme) []lexeme {
	if t.kind != lexemeWord || t.end-t.start != len(t.text) {
		return append(split, t) // not ASCII: places in text differ
	}
	start := 0
	s := rd.s[t.start:t.end]
	for i := 1; i < len(s); i++ {
		if !isUpper(rune(s[i])) || isUpper(rune(s[i-1])) {
			continue
		}
		n := i
		for n < len(s) && isUpper(rune(s[n])) {
			n++
		}
		if w := t.text[i:n]; n < len(s) && wordRoles[w]&(roleAt|roleWeakAt|roleDot) != 0 {
			word := t.part(i, n)
			word.cut = true
			split = append(split, t.part(start, i), word)
			start = n
		}
		i = n - 1
	}
	return append(split, t.part(start, len(t.text)))
}

// part is a piece of a word whose text is as long as the word.
func (t lexeme) part(from, to int) lexeme {
	p := t
	p.start, p.end, p.text = t.start+from, t.start+to, t.text[from:to]
	p.upper = t.upper && from == 0
	return p
}

// entities that hide a sign of a detail.
var entities = []struct {
	name string
	r    rune
}{
	{"&commat;", '@'},
	{"&period;", '.'},
	{"&nbsp;", ' '},
	{"&lowbar;", '_'},
	{"&plus;", '+'},
	{"&hyphen;", '-'},
	{"&dash;", '-'},
	{"%40", '@'},
	{"%2e", '.'},
	{"%2b", '+'},
	{"%20", ' '},
}

// decode reads the next character; an HTML entity or a URL's escape of one is one.
func decode(s string) (rune, int) {
	c := s[0]
	if c < utf8.RuneSelf && c != '&' && c != '%' {
		return rune(c), 1
	}
	if c >= utf8.RuneSelf {
		return utf8.DecodeRuneInString(s)
	}
	for _, e := range entities {
		if hasFoldPrefix(s, e.name) {
			return e.r, len(e.name)
		}
	}
	const longest = len("&#x1D7CE;")
	end := strings.IndexByte(s[:min(len(s), longest+1)], ';')
	if end < 3 || s[1] != '#' {
		return rune(c), 1
	}
	digits, base := s[2:end], 10
	if digits[0]|0x20 == 'x' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 21)
	if err != nil || n == 0 || !utf8.ValidRune(rune(n)) {
		return rune(c), 1
	}
	return rune(n), end + 1
}

func hasFoldPrefix(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// at is the lexeme at place i, or an empty one.
func (rd *reading) at(i int) lexeme {
	if i < 0 || i >= len(rd.lexemes) {
		return lexeme{kind: lexemeSpace, r: '\n'}
	}
	return rd.lexemes[i]
}

// isMark tells whether the lexeme at place i is one of the marks.
func (rd *reading) isMark(i int, marks string) bool {
	t := rd.at(i)
	return t.kind == lexemeMark && strings.ContainsRune(marks, t.r)
}

// isRole tells whether the lexeme at place i is a word with one of the roles.
func (rd *reading) isRole(i int, roles role) bool {
	t := rd.at(i)
	return t.kind == lexemeWord && wordRoles[t.text]&roles != 0
}
