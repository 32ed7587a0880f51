package widget

import (
	"encoding/json"
	"fmt"
	"strings"
)

// A Look is how the launcher of a site looks. It is written into the loader, so
// that a page shows it without another request.
type Look struct {
	// Color is #rrggbb, with a light page; Dark with a dark one. On and OnDark are
	// the colours of what is written on them.
	Color, On    string
	Dark, OnDark string
	Left         bool
	// Side and Bottom are distances from the edges, in CSS pixels.
	Side, Bottom int
	// Icon is a key of Icons.
	Icon string
	// Text stands beside the icon, by locale; the empty one for all.
	Text map[string]string
	// Locales are the site's languages.
	Locales []string
}

// A Looks answers the look of a site; false: there is no such site.
type Looks func(site string) (Look, bool)

// Icons are the shapes a launcher can have, 30 by 30, as paths of SVG.
var Icons = map[string]string{
	"chat":     `path("M15 3C8 3 2.5 7.5 2.5 13.2c0 3.2 1.8 6.1 4.7 8-.2 1.8-1 3.5-2.2 4.8 2.6-.1 4.9-1.1 6.7-2.5 1.1.2 2.2.3 3.3.3 7 0 12.5-4.6 12.5-10.4S22 3 15 3Z")`,
	"question": `path(evenodd,"M15 2a13 13 0 1 0 0 26 13 13 0 0 0 0-26Zm-1.5 18.500h3v3h-3Zm3-1.500h-3c0-4 4-4.3 4-7a2.4 2.4 0 0 0-4.9 0h-3a5.4 5.4 0 0 1 10.9 0c0 3.7-4 4.3-4 7Z")`,
	"letter":   `path(evenodd,"M4 6h22a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V8c0-1.1.9-2 2-2Zm11 10.500L5.5 9.200v2.500L15 19l9.5-7.300V9.200Z")`,
}

// opens is what the launcher is called before the words of its language are there
// (src/i18n).
var opens = map[string]string{
	"pl": "Otwórz czat", "en": "Open chat", "de": "Chat öffnen", "cs": "Otevřít chat", "ar": "فتح الدردشة", "he": "פתיחת הצ׳אט",
}

// wireLook is what the loader reads (src/context.ts).
type wireLook struct {
	Site string            `json:"site"`
	CSS  string            `json:"css"`
	Text map[string]string `json:"text,omitempty"`
	Open map[string]string `json:"open"`
}

// wire turns a look into a literal that is safe in a script: encoding/json escapes
// what could end one.
func (l Look) wire(site string) []byte {
	var css strings.Builder
	set := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&css, "--%s:%s;", name, value)
		}
	}
	set("c", l.Color)
	set("o", l.On)
	set("cd", l.Dark)
	set("od", l.OnDark)
	set("x", fmt.Sprintf("%dpx", l.Side))
	set("y", fmt.Sprintf("%dpx", l.Bottom))
	if l.Left {
		set("r", "auto")
		set("l", "var(--side)")
	}
	set("i", Icons[l.Icon])
	out := wireLook{Site: site, CSS: css.String(), Text: l.Text, Open: map[string]string{}}
	for _, locale := range l.Locales {
		language, _, _ := strings.Cut(locale, "-")
		if name, ok := opens[language]; ok {
			out.Open[language] = name
		}
	}
	text, err := json.Marshal(out)
	if err != nil {
		panic(err) // strings only
	}
	return text
}
