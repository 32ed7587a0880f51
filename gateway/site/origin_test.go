package site

import "testing"

func TestAllowsOrigin(t *testing.T) {
	t.Parallel()
	s := &Site{}
	for _, p := range []string{
		"https://shop.example", "https://*.shop.example", "https://port.example:8443", "HTTPS://Upper.Example:443",
		"http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*", "http://plain.example", "https://[2001:db8::1]",
	} {
		o, err := parsePattern(p)
		if err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		s.origins = append(s.origins, o)
	}
	for sent, want := range map[string]bool{
		"https://shop.example":       true,
		"https://SHOP.example":       true,
		"HTTPS://shop.example":       true,
		"https://shop.example:443":   true,
		"https://www.shop.example":   true,
		"https://port.example:8443":  true,
		"https://upper.example":      true,
		"http://localhost":           true,
		"http://localhost:5173":      true,
		"http://127.0.0.1:8080":      true,
		"http://[::1]:8080":          true,
		"http://plain.example":       true,
		"https://[2001:db8::1]":      true,
		"":                           false,
		"null":                       false,
		"*":                          false,
		"https://":                   false,
		"https://other.example":      false,
		"http://shop.example":        false,
		"https://shop.example:8443":  false,
		"https://port.example":       false,
		"https://a.b.shop.example":   false,
		"https://.shop.example":      false,
		"https://*.shop.example":     false,
		"https://evilshop.example":   false,
		"https://shop.example.evil":  false,
		"https://shop.example.":      false,
		"https://shop.example/":      false,
		"https://shop.example/x":     false,
		"https://shop.example?x":     false,
		"https://shop.example#x":     false,
		"https://u@shop.example":     false,
		"https://shop.example:":      false,
		"https://shop.example:0":     false,
		"https://shop.example:+443":  false,
		"https://shop.example:99999": false,
		"https://shop.example:443:1": false,
		" https://shop.example":      false,
		"https://shop.example ":      false,
		"https://shop.example\x00":   false,
		"https://localhost:1":        false,
		"http://localhost.evil:1":    false,
		"http://127.0.0.1.evil:1":    false,
		"http://[::1":                false,
		"http://[::1]x":              false,
		"http://[fe80::1%25eth0]":    false,
		"file://shop.example":        false,
		"https://shop.example,null":  false,
	} {
		if got := s.AllowsOrigin(sent); got != want {
			t.Errorf("AllowsOrigin(%q) = %v, want %v", sent, got, want)
		}
	}
}

func TestValidOriginPattern(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		"*":                          `"*" would let every website open this site's chat; list the site's own addresses, as https://shop.example or https://*.shop.example`,
		"shop.example":               `"shop.example" has no scheme; write https:// in front of the host`,
		"ftp://shop.example":         `"ftp://shop.example" has no scheme; write https:// in front of the host`,
		"https://shop.example/":      `"https://shop.example/" has a path; an origin ends after the host: https://shop.example`,
		"https://shop.example/chat":  `"https://shop.example/chat" has a path; an origin ends after the host: https://shop.example`,
		"https://u:p@shop.example":   `"https://u:p@shop.example" has a user name; an origin is only scheme and host`,
		"https://":                   `"https://" has no host`,
		"https://*":                  `"https://*" has a * in the wrong place; it may only stand for the leftmost part, as https://*.shop.example`,
		"https://*.example":          `"https://*.example" would allow a whole top-level domain; put the site's domain after the *, as https://*.shop.example`,
		"https://www.*.example":      `"https://www.*.example" has a * in the wrong place; it may only stand for the leftmost part, as https://*.shop.example`,
		"https://w*.shop.example":    `"https://w*.shop.example" has a * in the wrong place; it may only stand for the leftmost part, as https://*.shop.example`,
		"https://*.*.shop.example":   `"https://*.*.shop.example" has a * in the wrong place; it may only stand for the leftmost part, as https://*.shop.example`,
		"https://shop.example:*":     `"https://shop.example:*" allows every port; that is only for http://localhost:* and http://127.0.0.1:*`,
		"https://shop.example:99999": `"https://shop.example:99999" has the port "99999"; a port is a number from 1 to 65535`,
		"https://shop.example:0":     `"https://shop.example:0" has the port "0"; a port is a number from 1 to 65535`,
		"https://łąka.example":       `"https://łąka.example" has letters that browsers send in another form; write the host in punycode (xn--…), as the browser's network view shows it`,
		"https://sh op.example":      `"https://sh op.example" has ' ' in its host`,
		"https://shop..example":      `"https://shop..example" has an empty or too long part between the dots of its host`,
		"https://[::zz]":             `"https://[::zz]" has no valid IPv6 address in its brackets`,
	} {
		if err := ValidOriginPattern(pattern); err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", pattern, err, want)
		}
	}
	for _, good := range []string{"https://shop.example", "https://*.shop.example:8443", "http://localhost:*", "https://xn--ka-01a3g.example"} {
		if err := ValidOriginPattern(good); err != nil {
			t.Errorf("%s is refused: %v", good, err)
		}
	}
}

func FuzzOrigin(f *testing.F) {
	for _, s := range []string{"https://shop.example", "https://*.shop.example", "http://[::1]:*", "*", "null"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, pattern, sent string) {
		p, err := parsePattern(pattern)
		if err != nil {
			return
		}
		again, err := parsePattern(p.String())
		if err != nil || again != p {
			t.Fatalf("%q prints as %q, which reads as %v, %v", pattern, p, again, err)
		}
		s := &Site{origins: []origin{p}}
		if s.AllowsOrigin("") || s.AllowsOrigin("null") {
			t.Fatalf("%q lets in a page without an origin", pattern)
		}
		if s.AllowsOrigin(sent) && !p.subdomains && !p.anyPort {
			if o, err := parseOrigin(sent); err != nil || o != p {
				t.Fatalf("%q lets %q in", pattern, sent)
			}
		}
	})
}
