package botengine

import "strings"

type numeralKind uint8

const (
	numeralUnit    numeralKind = iota + 1 // 0 to 9
	numeralTeen                           // 10 to 19
	numeralTens                           // 20, 30, …
	numeralHundred                        // 100, 200, …
	numeralTimes                          // "double": the next digit so many times
	numeralPlural                         // "jedynek": this digit as many times as the number before says
	numeralTeenEnd                        // "naście", written apart
	numeralTensEnd                        // "dzieścia", written apart
	numeralMany                           // "hundred" after a digit
	numeralAnd                            // inside a number: "und"
)

// A numeral is what a number word says.
type numeral struct {
	kind  numeralKind
	value int
}

// numeralWords are words for numbers, by value from the first one on. | parts
// values, a space words of one value.
var numeralWords = []struct {
	kind        numeralKind
	first, step int
	words       string
}{
	{numeralUnit, 0, 1, "zero zera null nul nula nulla nought naught oh o|jeden jedna jedno jedynka one eins ein jednicka|" +
		"dwa dwie dwojka two zwei zwo dva dve dvojka|trzy trojka three drei tri|cztery czworka four vier ctyri styri ctverka|" +
		"piec piatka five funf fuenf funnef pet petka|szesc szostka six sechs sest sestka|siedem siodemka seven sieben sedm sedum sedmicka sedma|" +
		"osiem osemka eight acht osm osum osmicka osma|dziewiec dziewiatka nine neun devet devitka devata"},
	{numeralTeen, 10, 1, "dziesiec ten zehn deset|jedenascie eleven elf jedenact|dwanascie twelve zwolf zwoelf dvanact|" +
		"trzynascie thirteen dreizehn trinact|czternascie fourteen vierzehn ctrnact|pietnascie fifteen funfzehn fuenfzehn patnact|" +
		"szesnascie sixteen sechzehn sestnact|siedemnascie seventeen siebzehn sedmnact|osiemnascie eighteen achtzehn osmnact|" +
		"dziewietnascie nineteen neunzehn devatenact"},
	{numeralTens, 20, 10, "dwadziescia twenty zwanzig dvacet|trzydziesci thirty dreißig dreissig tricet|czterdziesci forty fourty vierzig ctyricet|" +
		"piecdziesiat fifty funfzig fuenfzig padesat|szescdziesiat sixty sechzig sedesat|siedemdziesiat seventy siebzig sedmdesat|" +
		"osiemdziesiat eighty achtzig osmdesat|dziewiecdziesiat ninety neunzig devadesat"},
	{numeralHundred, 100, 100, "sto|dwiescie dveste|trzysta trista|czterysta ctyrista|piecset petset|szescset sestset|siedemset sedmset|osiemset osmset|" +
		"dziewiecset devetset"},
	{numeralTimes, 2, 1, "double doppel doppelt podwojne podwojny dvojita dvakrat|triple treble dreimal trojita trojite potrojne trikrat"},
	{numeralPlural, 0, 1, "zer|jedynek|dwojek|trojek|czworek|piatek|szostek|siodemek|osemek|dziewiatek"},
	{numeralTeenEnd, 10, 1, "nascie"},
	{numeralTensEnd, 10, 1, "dziescia dziesci dziesiat"},
	{numeralMany, 100, 1, "hundred hundert set sta ste"},
	{numeralAnd, 0, 1, "und and"},
}

var numerals = func() map[string]numeral {
	m := map[string]numeral{}
	for _, list := range numeralWords {
		for i, words := range strings.Split(list.words, "|") {
			for _, w := range strings.Fields(words) {
				m[w] = numeral{list.kind, list.first + i*list.step}
			}
		}
	}
	return m
}()

// Bounds of the parts of words that are written together, as in
// "hunderteinundsiebzig" or "šestsetdva".
const (
	minMorpheme = 2
	maxMorpheme = 14
	maxCompound = 64
)

// numeralsIn reads a word as numbers and appends them to list. Words of several
// numbers are read from the left, the longest part first.
func numeralsIn(list []numeral, word string) ([]numeral, bool) {
	if n, ok := numerals[word]; ok {
		return append(list, n), n.kind != numeralAnd
	}
	if len(word) > maxCompound || len(word) < 2*minMorpheme {
		return list, false
	}
	at := len(list)
	for rest := word; rest != ""; {
		n := min(len(rest), maxMorpheme)
		for ; n >= minMorpheme; n-- {
			if x, ok := numerals[rest[:n]]; ok {
				list = append(list, x)
				break
			}
		}
		if n < minMorpheme {
			if rest[0] == 'a' && len(list) > at { // "dvaadvacet"
				list = append(list, numeral{kind: numeralAnd})
				rest = rest[1:]
				continue
			}
			return list[:at], false
		}
		rest = rest[n:]
	}
	if len(word) < lettersADigit*digitsOf(list[at:]) {
		return list[:at], false
	}
	return list, true
}

// lettersADigit is how many letters a digit takes at least in words that are
// written together. signsIn counts on it.
const lettersADigit = 2

// digitsOf is how many digits numbers that are said one after another have.
func digitsOf(list []numeral) int {
	digits, last := 0, numeralAnd
	for _, n := range list {
		switch {
		case n.kind == numeralHundred || n.kind == numeralMany:
			digits += 3
		case last == numeralHundred || last == numeralMany || last == numeralTens:
		case n.kind == numeralTens || n.kind == numeralTeen:
			digits += 2
		default:
			digits++
		}
		last = n.kind
	}
	return digits
}

// A group is a stretch of digits of a number, or of words for them.
type group struct {
	first, end int // lexemes
	from, to   int // digits
	words      int // how many words it is said with
	before     separator
	taken      bool // belongs to a date, a time or the like
}

// A composer writes digits in groups, also those of numbers as they are said:
// "three hundred", "forty" and "five" are the group 345.
type composer struct {
	digits []byte
	groups []group
	// The number that is being composed: what was said last, and where it stands.
	open       numeralKind
	value      int
	times      int // how often the next digit counts
	and        bool
	first, end int
	words      int
}

// say takes the next number word, which is the lexeme at place i.
func (c *composer) say(n numeral, i int) {
	and := c.and
	c.and = n.kind == numeralAnd
	switch {
	case n.kind == numeralAnd:
		return
	case n.kind == numeralUnit && c.times > 1:
		c.words++
		c.repeat(n.value, c.times, i+1)
		return
	case c.continues(n, and):
		c.words++
		c.end = i + 1
		return
	}
	c.flush()
	c.first, c.end, c.words = i, i+1, 1
	if n.kind == numeralTimes {
		c.times = n.value
		return
	}
	c.open, c.value = n.kind, n.value
	if n.kind == numeralMany {
		c.open = numeralHundred
	}
}

// continues adds n to the number that is being composed, if it belongs to it.
func (c *composer) continues(n numeral, and bool) bool {
	digit := c.open == numeralUnit && c.value > 0 && c.value < 10
	switch n.kind {
	case numeralUnit:
		if n.value == 0 || c.open != numeralTens && c.open != numeralHundred {
			return false
		}
		c.value, c.open = c.value+n.value, numeralUnit
	case numeralTeen:
		if c.open != numeralHundred {
			return false
		}
		c.value, c.open = c.value+n.value, numeralTeen
	case numeralTens:
		if c.open != numeralHundred && !(c.open == numeralUnit && and && c.value%10 > 0) {
			return false
		}
		c.value += n.value
		if c.open = numeralTens; and {
			c.open = numeralTeen // complete
		}
	case numeralTeenEnd:
		if !digit {
			return false
		}
		c.value, c.open = c.value+10, numeralTeen
	case numeralTensEnd:
		if !digit {
			return false
		}
		c.value, c.open = c.value*10, numeralTens
	case numeralMany:
		if !digit {
			return false
		}
		c.value, c.open = c.value*100, numeralHundred
	case numeralPlural:
		if !digit {
			return false
		}
		times := c.value
		c.words++
		c.open = 0
		c.repeat(n.value, times, c.end+2)
	default:
		return false
	}
	return true
}

func (c *composer) repeat(digit, times, end int) {
	from := len(c.digits)
	for range times {
		c.digits = append(c.digits, byte('0'+digit))
	}
	c.groups = append(c.groups, group{first: c.first, end: end, from: from, to: len(c.digits), words: c.words})
	c.open, c.times = 0, 0
}

// flush writes what is being composed.
func (c *composer) flush() {
	if c.open == 0 {
		c.times, c.and = 0, false
		return
	}
	from := len(c.digits)
	v := c.value
	if v >= 100 {
		c.digits = append(c.digits, byte('0'+v/100%10))
	}
	if v >= 10 {
		c.digits = append(c.digits, byte('0'+v/10%10))
	}
	c.digits = append(c.digits, byte('0'+v%10))
	c.groups = append(c.groups, group{first: c.first, end: c.end, from: from, to: len(c.digits), words: c.words})
	c.open, c.times, c.and = 0, 0, false
}
