package botengine

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// hostile are lines that no flow expects.
var hostile = map[string]string{
	"empty":          "",
	"spaces":         " \t\r\n\u00a0\u2003 ",
	"long":           strings.Repeat("żółw ", 2000), // 10,000 characters
	"long word":      strings.Repeat("ź", 10_000),
	"emoji":          "👍🏽👨‍👩‍👧‍👦🇵🇱",
	"right to left":  "\u202eשלום\u202c \u200fاهلا\u200e",
	"control":        "a\x00b\x1b[31mc\x07\x7f\u0085",
	"not UTF-8":      "a\xff\xfe\xc3(",
	"SQL":            "'; DROP TABLE visitors; --",
	"HTML":           "<img src=x onerror=alert(1)><script>alert(1)</script>",
	"template":       "{{name}} ${name} %s %n",
	"Arabic digits":  "٠١٢٣٤٥٦٧٨٩",
	"Devanagari":     "१२",
	"full width":     "１２．５",
	"roman":          "Ⅻ ½ ²",
	"combining":      "Z̸̡̛͇a̵͓͌l̷͔̈́g̶̢͋o̶̻̎",
	"zero width":     "z\u200bgadzam\u200b się",
	"look-alike yes": "zgаdzam się", // with a Cyrillic а
	"newlines":       "zgadzam\nsię\n\n\nx",
	"JSON":           `{"text": "x", "answer": "grant"}`,
}

// TestHostileInput puts every hostile line at every wait of every flow: nothing
// panics or grants, what comes out is UTF-8 without control characters, and the
// conversation goes on waiting somewhere.
func TestHostileInput(t *testing.T) {
	for _, file := range lawFlows {
		for step, at := range waitsOf(t, file) {
			for name, line := range hostile {
				t.Run(step+"/"+name, func(t *testing.T) {
					in := Input{ID: "hostile", At: at.state.LastAt + 1000, Kind: InputText, Text: line}
					r := at.bot.Turn(at.state, at.profile, in)
					if strings.TrimFunc(line, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) == "" {
						if r.Refused == nil || r.Refused.Code != CodeBadInput {
							t.Fatalf("refused with %+v", r.Refused)
						}
						return
					}
					if r.Refused != nil {
						t.Fatalf("refused: %+v", r.Refused)
					}
					checkHostile(t, at, r)
				})
			}
		}
	}
}

func checkHostile(t *testing.T, before standing, r Result) {
	t.Helper()
	for purpose, c := range r.Profile.Consents {
		if c.Status == statusGranted && before.profile.Consents[purpose].Status != statusGranted {
			t.Errorf("granted %s", purpose)
		}
	}
	if len(r.Events) == 0 {
		t.Error("the line is in no event")
	}
	texts := []string{fmt.Sprint(r.State.Vars)}
	for _, e := range r.Events {
		for _, s := range e.Text {
			texts = append(texts, s.Text)
		}
	}
	for _, v := range r.Values {
		texts = append(texts, v.Text)
	}
	for _, text := range texts {
		bad := strings.IndexFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' })
		if !utf8.ValidString(text) || bad >= 0 {
			t.Errorf("%q left the turn", text)
		}
	}
	if _, ok := before.bot.flow.index[r.State.Step]; !ok && r.State.Step != "" {
		t.Errorf("stands at %q", r.State.Step)
	}
}

// A standing is a conversation that waits.
type standing struct {
	bot     *Bot
	state   State
	profile Profile
}

// waitsOf walks through a flow until every step of it that waits was waited at,
// and returns one conversation at each.
func waitsOf(t *testing.T, file string) map[string]standing {
	t.Helper()
	f := mustFlow(t, file)
	s := demoSettings()
	s.Locales = f.Locales
	publish(s)
	b, err := NewBot(f, s)
	if err != nil {
		t.Fatal(err)
	}
	found, want := map[string]standing{}, 0
	for i := range f.steps {
		switch f.steps[i].kind {
		case kindChoices, kindAsk, kindConsent, kindHandoff, kindWebhook:
			want++ // an answers step may be there for its entries alone
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for walk := range 200 {
		r := b.Greet(f.Locales[0], Input{ID: fmt.Sprintf("w%d", walk), At: 1})
		for turn := range 12 {
			if step := r.State.Step; step != "" {
				key := f.Name + "/" + step
				if _, known := found[key]; !known {
					found[key] = standing{b, r.State, r.Profile}
				}
			}
			next := b.Turn(r.State, r.Profile, goOn(random, b, r, fmt.Sprintf("w%d-%d", walk, turn)))
			if next.Refused == nil {
				r = next
			}
		}
	}
	if len(found) < want {
		t.Fatalf("%s: reached %d of %d waits", f.Name, len(found), want)
	}
	return found
}

// goOn is an input that most likely leads on.
func goOn(random *rand.Rand, b *Bot, r Result, id string) Input {
	in := Input{ID: id, At: r.State.LastAt + 1000, Operators: 1, Kind: InputText}
	switch expect := b.Inputs(r.State, r.Profile); {
	case r.State.Effect != nil:
		in.Kind, in.Actor = InputResult, actorSystem
		in.Result = &EffectResult{ID: r.State.Effect.ID, Attempt: r.State.Effect.Attempt, OK: random.IntN(2) == 0, Final: true, Values: map[string]string{"status": "sent"}}
	case r.State.Queue != "":
		in.Kind, in.Actor, in.Owner = InputOwner, actorSystem, OwnerBot
	case expect.Kind == "card":
		in.Kind, in.Request, in.Answer = InputDecision, r.State.Card.Request, AnswerGrant
	case expect.Kind == "choices":
		st := &b.flow.steps[b.flow.index[r.State.Step]]
		in.Kind, in.Of = InputChoice, r.State.Prompt
		in.Choice = st.choices.options[random.IntN(len(st.choices.options))].id
	case expect.Kind == "ask":
		in.Text = map[string]string{"name": "Anna", "email": "anna@example.pl", "phone": "600700800", "number": "2", "date": "24.12.2026"}[expect.Type]
		if st := &b.flow.steps[b.flow.index[r.State.Step]]; len(st.ask.options) > 0 {
			in.Kind, in.Of, in.Choice = InputChoice, r.State.Prompt, st.ask.options[random.IntN(len(st.ask.options))].id
		} else if in.Text == "" {
			in.Text = "something"
		}
	default:
		in.Text = []string{"and now?", "menu", "hours"}[random.IntN(3)]
	}
	return in
}
