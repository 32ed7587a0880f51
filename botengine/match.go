package botengine

import "strings"

// Scores of a match. A phrase says more than a word, a longer phrase more than
// a short one, and a whole word more than the beginning of one.
const (
	scorePhraseWord = 10
	scoreWord       = 4
	scorePrefix     = 3
)

// A pattern is what an author writes to match questions: a word, the beginning
// of words (godzin*), or a phrase of several words, the last of which may be a
// beginning.
type pattern struct {
	words  string // folded, one space between words
	prefix bool
	count  int // of words
}

func parsePattern(s string) pattern {
	folded := string(appendFold(nil, s, true))
	p := pattern{prefix: strings.HasSuffix(folded, "*")}
	p.words = strings.TrimSpace(strings.ReplaceAll(folded, "*", ""))
	p.count = 1 + strings.Count(p.words, " ")
	return p
}

func (p pattern) score() int {
	switch {
	case p.count > 1:
		return p.count * scorePhraseWord
	case p.prefix:
		return scorePrefix
	default:
		return scoreWord
	}
}

// An entryRef names an entry of an answers step of the flow.
type entryRef struct{ step, entry int }

// A matcher finds the entry that a typed question means, in one locale.
type matcher struct {
	entries []entryRef
	// byStart finds patterns by their first byte, so that a question is compared
	// with few of them.
	byStart [256][]entryPattern
}

type entryPattern struct {
	pattern
	entry int
}

func newMatcher(f *Flow, locale string) *matcher {
	m := &matcher{}
	for i := range f.steps {
		a := f.steps[i].answers
		if a == nil {
			continue
		}
		for j := range a.entries {
			n := len(m.entries)
			m.entries = append(m.entries, entryRef{i, j})
			for _, p := range a.entries[j].match[locale] {
				m.byStart[p.words[0]] = append(m.byStart[p.words[0]], entryPattern{p, n})
			}
		}
	}
	return m
}

// maxEntries bounds how many entries a match is scored for without allocating.
const maxEntries = 64

// find returns the entry with the highest score for a folded question, the
// earlier one on a tie, and whether anything matched. A word that stands in
// the question twice counts twice, a pattern of one entry that is part of
// another pattern of it only adds certainty.
func (m *matcher) find(question []byte) (entryRef, int) {
	var stack [maxEntries]int
	scores := stack[:]
	if len(m.entries) > maxEntries {
		scores = make([]int, len(m.entries))
	}
	for start := 0; start < len(question); {
		for i := range m.byStart[question[start]] {
			if p := &m.byStart[question[start]][i]; p.matches(question[start:]) {
				scores[p.entry] += p.score()
			}
		}
		for start < len(question) && question[start] != ' ' {
			start++
		}
		start++
	}
	best := 0
	for i := range m.entries {
		if scores[i] > scores[best] {
			best = i
		}
	}
	if len(m.entries) == 0 || scores[best] == 0 {
		return entryRef{}, 0
	}
	return m.entries[best], scores[best]
}

// matches tells whether rest, which begins at a word, begins with the pattern.
func (p *pattern) matches(rest []byte) bool {
	if len(rest) < len(p.words) || string(rest[:len(p.words)]) != p.words {
		return false
	}
	return p.prefix || len(rest) == len(p.words) || rest[len(p.words)] == ' '
}

// A question is a typed line, folded once for all that is compared with it.
type question struct {
	buffer [256]byte
	folded []byte
}

func (q *question) set(s string) { q.folded = appendFold(q.buffer[:0], s, false) }

// words counts the words of the line.
func (q *question) words() int {
	n := 0
	for i, c := range q.folded {
		if i == 0 || c == ' ' {
			n++
		}
	}
	return n
}
