package httpapi

import (
	"golang.org/x/text/language"

	"zgoda/gateway/protocol"
	"zgoda/gateway/site"
)

// widgetConfig is the answer to GET /v1/sites/KEY/widget.
type widgetConfig struct {
	Site      string           `json:"site"`
	Name      string           `json:"name"`
	Locale    string           `json:"locale"`
	Locales   []string         `json:"locales"`
	Dir       string           `json:"dir"`
	Flow      string           `json:"flow"`
	Greeting  []protocol.Event `json:"greeting"`
	Expect    protocol.Expect  `json:"expect"`
	Limits    protocol.Limits  `json:"limits"`
	GDPR      gdpr             `json:"gdpr"`
	PolicyURL string           `json:"policy_url,omitzero"`
	Look      look             `json:"look"`
}

type gdpr struct {
	Title    string        `json:"title"`
	Sections []gdprSection `json:"sections"`
}

type gdprSection struct {
	Heading    string   `json:"heading"`
	Paragraphs []string `json:"paragraphs"`
}

type look struct {
	Color    string            `json:"color"`
	On       string            `json:"on"`
	Dark     string            `json:"dark"`
	OnDark   string            `json:"on_dark"`
	Position string            `json:"position"`
	Side     int               `json:"side"`
	Bottom   int               `json:"bottom"`
	Icon     string            `json:"icon"`
	Text     map[string]string `json:"text,omitzero"`
	Avatar   string            `json:"avatar,omitzero"`
}

func lookOf(l site.Looks) look {
	return look{
		Color: l.Color, On: l.On, Dark: l.Dark, OnDark: l.OnDark, Position: l.Position,
		Side: l.Side, Bottom: l.Bottom, Icon: l.Icon, Text: l.Text, Avatar: l.Avatar,
	}
}

func gdprOf(info site.Information) gdpr {
	out := gdpr{Title: info.Title, Sections: make([]gdprSection, 0, len(info.Sections))}
	for _, s := range info.Sections {
		out.Sections = append(out.Sections, gdprSection{Heading: s.Heading, Paragraphs: s.Paragraphs})
	}
	return out
}

// direction returns "rtl" for languages written from right to left.
func direction(locale string) string {
	tag, err := language.Parse(locale)
	if err != nil {
		return "ltr"
	}
	script, _ := tag.Script()
	switch script.String() {
	case "Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm":
		return "rtl"
	}
	return "ltr"
}
