package site

import (
	"math"
	"strings"
	"testing"
)

// Ratios as the W3C's definition gives them, computed by another program.
func TestContrast(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want float64
	}{
		{black, white, 21}, {white, white, 1}, {"#767676", white, 4.54}, {"#ff0000", white, 4.0}, {"#1f5fbf", lightGround, 5.77}, {darkGround, white, 17.4},
	} {
		if got := contrast(c.a, c.b); math.Abs(got-c.want) > 0.05 || contrast(c.b, c.a) != got {
			t.Errorf("contrast(%s, %s) = %.3f, want %.2f", c.a, c.b, got, c.want)
		}
	}
}

// Whatever a site chooses can be seen and read, with a light page and a dark one.
func TestEveryAcceptedLookHasContrast(t *testing.T) {
	t.Parallel()
	for r := 0; r < 256; r += 51 {
		for g := 0; g < 256; g += 51 {
			for b := 0; b < 256; b += 51 {
				color := colorOf(r, g, b)
				light, dark := moved(color, lightGround, black), moved(color, darkGround, white)
				if contrast(light, lightGround) < leastContrast || contrast(dark, darkGround) < leastContrast {
					t.Errorf("%s becomes %s and %s, which cannot be seen", color, light, dark)
				}
				if contrast(writtenOn(color), color) < 4.5 {
					t.Errorf("what is written on %s cannot be read", color)
				}
			}
		}
	}
}

func colorOf(r, g, b int) string {
	const digits = "0123456789abcdef"
	out := []byte{'#'}
	for _, c := range []int{r, g, b} {
		out = append(out, digits[c>>4], digits[c&15])
	}
	return string(out)
}

func TestLooksAreRead(t *testing.T) {
	t.Parallel()
	s := mustBuild(t, change(t, `looks: {color: "#1f6f43", position: left}`, `looks:
  color: "#1f6f43"
  dark_color: "#7cc4a6"
  position: left
  side: 0
  bottom: 96
  launcher: {icon: question, text: {pl: Zapytaj, en: Ask us}}
  avatar: https://www.shop.example/ola.png
identity: {secret: 0123456789abcdef01234567}`))
	l := s.Looks
	if l.On != white || l.Dark != "#7cc4a6" || l.OnDark != black || l.Side != 0 || l.Bottom != 96 || l.Icon != "question" ||
		l.Text["pl"] != "Zapytaj" || l.Text["en"] != "Ask us" || l.Avatar != "https://www.shop.example/ola.png" {
		t.Errorf("looks %+v", l)
	}
	if string(s.IdentitySecret) != "0123456789abcdef01234567" {
		t.Errorf("the identity secret is %q", s.IdentitySecret)
	}
}

func TestLooksThatCannotBeSeenAreRefused(t *testing.T) {
	t.Parallel()
	for looks, want := range map[string]string{
		`looks: {color: "#ffe08a"}`:                                    `looks.color "#ffe08a" can hardly be seen in the chat: its contrast to the ground #faf8f4 is 1.2, it needs 3 (WCAG 2.2, 1.4.11); "#`,
		`looks: {dark_color: "#202020"}`:                               `looks.dark_color "#202020" can hardly be seen in the chat: its contrast to the ground #1b1a18 is 1.1, it needs 3 (WCAG 2.2, 1.4.11); "#`,
		`looks: {side: 201}`:                                           `looks.side is "201"; it must be a whole number from 0 to 200`,
		`looks: {launcher: {icon: cat}}`:                               `looks.launcher.icon is "cat"; it must be one of chat, question, letter`,
		`looks: {launcher: {text: Write to us about anything at all}}`: `looks.launcher.text has more than 24 characters; it stands on a button`,
		`looks: {launcher: {text: {fr: Bonjour}}}`:                     `looks.launcher.text has no key "fr"`,
		`looks: {avatar: https://cdn.example.com/a.png}`:               `looks.avatar "https://cdn.example.com/a.png" is on another website`,
		`looks: {avatar: "http://shop.example/a.png"}`:                 `is not protected on its way`,
		"identity: {}":                    `identity needs "secret"; for example identity: {secret: env:SHOP_IDENTITY_SECRET}`,
		"identity: {secret: short}":       `identity.secret has less than 24 characters`,
		"identity: {secret: env:NOT_SET}": `identity.secret: the environment variable NOT_SET is not set`,
	} {
		_, problems := buildFrom(t, change(t, `looks: {color: "#1f6f43", position: left}`, looks), Options{Processor: platform})
		if len(problems) != 1 || !strings.Contains(problems.Error(), want) {
			t.Errorf("%s: %v, want %s", looks, problems, want)
		}
	}
}
