package site

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// Looks are what a site may choose about the widget. The two buttons of a consent
// card are not among them.
type Looks struct {
	// Color is #rrggbb, with a light page; Dark with a dark one. On and OnDark are
	// the colours of what is written on them.
	Color, On    string
	Dark, OnDark string
	Position     string // right or left
	// Side and Bottom are distances from the edges, in CSS pixels.
	Side, Bottom int
	// Icon is one of Icons.
	Icon string
	// Text stands beside the icon, by locale; anyLocale for all; empty: none.
	Text map[string]string
	// Avatar is the address of a picture on one of the site's own origins.
	Avatar string
}

// Icons are what a launcher can show.
var Icons = []string{"chat", "question", "letter"}

const (
	defaultColor  = "#1f5fbf"
	defaultOffset = 20
	maxOffset     = 200
	maxLauncher   = 24 // characters beside the icon
)

// What the widget is drawn on, light and dark (style.css), and the contrast that
// its lines need there (WCAG 2.2, 1.4.11).
const (
	lightGround   = "#faf8f4"
	darkGround    = "#1b1a18"
	leastContrast = 3.0
)

var colorPattern = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

func (r *reader) looks(m mapping, c config) Looks {
	l := r.mapping(m.vals["looks"], "looks", "color", "dark_color", "position", "side", "bottom", "launcher", "avatar")
	launcher := r.mapping(l.vals["launcher"], "looks.launcher", "icon", "text")
	looks := Looks{
		Color:    r.color(l, "color", lightGround, black),
		Dark:     r.color(l, "dark_color", darkGround, white),
		Position: l.choice("position", "right", "right", "left"),
		Side:     l.integer("side", defaultOffset, 0, maxOffset),
		Bottom:   l.integer("bottom", defaultOffset, 0, maxOffset),
		Icon:     launcher.choice("icon", Icons[0], Icons...),
		Text:     r.launcherText(launcher, c.locales),
		Avatar:   r.avatar(l, c),
	}
	if looks.Color == "" {
		looks.Color = defaultColor
	}
	if looks.Dark == "" {
		looks.Dark = moved(looks.Color, darkGround, white)
	}
	looks.On, looks.OnDark = writtenOn(looks.Color), writtenOn(looks.Dark)
	return looks
}

// color reads a colour and checks it against what it is seen on; further is where
// a better one lies.
func (r *reader) color(m mapping, key, ground, further string) string {
	s := m.text(key)
	switch {
	case s == "":
	case !colorPattern.MatchString(s):
		r.problem(at(m.vals[key]), "%s %q is not a colour; write six hex digits in quotes: %q", m.child(key), short(s), defaultColor)
		return ""
	case contrast(s, ground) < leastContrast:
		r.problem(at(m.vals[key]), "%s %q can hardly be seen in the chat: its contrast to the ground %s is %.1f, it needs %.0f (WCAG 2.2, 1.4.11); %q would do",
			m.child(key), s, ground, contrast(s, ground), leastContrast, moved(s, ground, further))
	}
	return s
}

func (r *reader) launcherText(m mapping, locales []string) map[string]string {
	n := m.vals["text"]
	if n == nil {
		return nil
	}
	texts := map[string]string{}
	read := func(n *yaml.Node, path, locale string) {
		if s := r.text(n, path); utf8.RuneCountInString(s) > maxLauncher {
			r.problem(at(n), "%s has more than %d characters; it stands on a button", path, maxLauncher)
		} else if s != "" {
			texts[locale] = s
		}
	}
	if n.Kind != yaml.MappingNode {
		read(n, m.child("text"), anyLocale)
		return texts
	}
	t := r.mapping(n, m.child("text"), locales...)
	for _, locale := range locales {
		if v := t.vals[locale]; v != nil {
			read(v, t.child(locale), locale)
		}
	}
	return texts
}

// avatar reads the address of a picture. It is the site's own: a visitor's browser
// asks nobody else for anything.
func (r *reader) avatar(m mapping, c config) string {
	s := m.text("avatar")
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	if err == nil {
		err = checkURL(s)
	}
	if err != nil {
		r.problem(at(m.vals["avatar"]), "%s %v", m.child("avatar"), err)
		return ""
	}
	sent, err := parseOrigin(u.Scheme + "://" + u.Host)
	if err != nil || !slices.ContainsFunc(c.origins, func(o origin) bool { return o.matches(sent) }) {
		r.problem(at(m.vals["avatar"]), "%s %q is on another website; the picture must be on one of the site's origins, since the chat asks nobody else for anything", m.child("avatar"), short(s))
	}
	return s
}

const (
	black = "#000000"
	white = "#ffffff"
)

// writtenOn returns the better of black and white; one of them always has the
// contrast that text needs.
func writtenOn(color string) string {
	if contrast(white, color) >= contrast(black, color) {
		return white
	}
	return black
}

// moved returns the first colour on the way from color to further that can be
// seen on ground.
func moved(color, ground, further string) string {
	const steps = 20
	from, to := channels(color), channels(further)
	for i := range steps {
		mixed := "#"
		for c := range from {
			mixed += fmt.Sprintf("%02x", from[c]+(to[c]-from[c])*i/steps)
		}
		if contrast(mixed, ground) >= leastContrast {
			return mixed
		}
	}
	return further
}

func channels(color string) [3]int {
	n, _ := strconv.ParseUint(color[1:], 16, 32) // the pattern was checked
	return [3]int{int(n >> 16), int(n >> 8 & 0xff), int(n & 0xff)}
}
