package site

import (
	"strings"
	"testing"
)

// Every mistake an owner can make has its exact message: where, what is wrong,
// what would be right (C10, C39, E36).
func TestProblems(t *testing.T) {
	t.Parallel()
	with := func(oldNew ...string) string { return change(t, oldNew...) }
	consentTail := func(tail string) string {
		return with("  recipients: [Mail House GmbH, CRM Ltd]\n", "  recipients: []\n"+tail)
	}
	for name, c := range map[string]struct{ src, want string }{
		// The file as a whole.
		"empty":            {"", "1:1: the file is empty; see configs/sites/demo.yaml for one that is complete"},
		"only comments":    {"# nothing\n", "1:1: the file is empty; see configs/sites/demo.yaml for one that is complete"},
		"null":             {"---\n", "1:1: the file is empty; see configs/sites/demo.yaml for one that is complete"},
		"a list":           {"- key: shop\n", "1:1: a site file is a list; it must be a mapping with keys: key, name, controller, processor, privacy_policy, origins, allow_no_origin, locales, fallback, region, flow, earlier_flows, hours, webhooks, consent, retention, looks, identity"},
		"a word":           {"shop\n", "1:1: a site file is text; it must be a mapping with keys: key, name, controller, processor, privacy_policy, origins, allow_no_origin, locales, fallback, region, flow, earlier_flows, hours, webhooks, consent, retention, looks, identity"},
		"too large":        {"#" + strings.Repeat(" ", maxFileBytes), "1:1: the file is larger than 256 KB; a site file has a few KB"},
		"not UTF-8":        {"key: shop\nname: \xb1\n", "2:7: not UTF-8; save the file as UTF-8"},
		"UTF-16":           {"\xff\xfek\x00e\x00y\x00", "1:1: not UTF-8; save the file as UTF-8"},
		"tab":              {with("  name: Test Shop sp.", "\tname: Test Shop sp."), "4:1: indented with a tab; YAML wants spaces"},
		"syntax":           {with("origins:\n", "origins: [\n"), "10:3: not YAML: while parsing a flow node: did not find expected node content"},
		"second document":  {with("key: shop", "key: shop\n---\nkey: other"), "2:1: a second document begins; one file is one site, put the other into a file of its own"},
		"alias":            {with("name: Test Shop\n", "name: &n Test Shop\n"), "2:7: anchors (&n) are not used in site files; remove it"},
		"alias bomb":       {"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "1:4: anchors (&a) are not used in site files; remove it\n2:4: anchors (&b) are not used in site files; remove it\n3:5: aliases (*b) are not used in site files; write the value out\n3:9: aliases (*b) are not used in site files; write the value out"},
		"deep":             {"key: " + strings.Repeat("[", 20) + strings.Repeat("]", 20), "1:13: nested too deep; a site file has at most 8 levels"},
		"very deep":        {"key: " + strings.Repeat("[", 20000), "1:70: nested too deep; a site file has at most 8 levels"},
		"unknown key":      {with("region: PL", "region: PL\nregoin: PL"), `16:1: a site file has no key "regoin"; did you mean "region"?`},
		"unknown, far off": {with("region: PL", "region: PL\ngtm: x"), `16:1: a site file has no key "gtm"; its keys are key, name, controller, processor, privacy_policy, origins, allow_no_origin, locales, fallback, region, flow, earlier_flows, hours, webhooks, consent, retention, looks, identity`},
		"key twice":        {with("region: PL", "region: PL\nregion: DE"), `16:1: a site file has the key "region" twice; keep one`},
		"key is a list":    {with("region: PL", "region: PL\n[a]: b"), "16:1: a key of a site file is a list; keys are words: key, name, controller, processor, privacy_policy, origins, allow_no_origin, locales, fallback, region, flow, earlier_flows, hours, webhooks, consent, retention, looks, identity"},
		"merge key":        {with("region: PL", "region: PL\n<<: {a: b}"), `16:1: a site file has no key "<<"; its keys are key, name, controller, processor, privacy_policy, origins, allow_no_origin, locales, fallback, region, flow, earlier_flows, hours, webhooks, consent, retention, looks, identity`},
		"several at once":  {with("key: shop", "key: Shop", "region: PL", "region: Poland"), "1:6: key \"Shop\" must be 1 to 40 of a-z, 0-9 and -, a letter first\n15:9: region \"Poland\" is not a country code of two capital letters, as PL"},
		"no key":           {with("key: shop\n", ""), `1:1: a site file needs "key"; for example key: demo`},
		"no name":          {with("name: Test Shop\n", ""), `1:1: a site file needs "name"; for example name: My shop`},
		"no origins":       {with("origins:\n  - https://shop.example\n  - https://*.shop.example\n  - http://localhost:*\n", ""), `1:1: a site file needs "origins"; for example origins: [https://shop.example]`},
		"no locales":       {with("locales: [pl, en, de, cs]\nfallback: en\n", ""), `1:1: a site file needs "locales"; for example locales: [pl, en]`},
		"no region":        {with("region: PL\n", ""), `1:1: a site file needs "region"; for example region: PL`},
		"no flow":          {with("flow: flow.yaml\n", ""), `1:1: a site file needs "flow"; for example flow: ../flows/lead.yaml`},
		"key is a number":  {with("key: shop", "key: 123"), `1:6: key is a number; it must be text, put it in quotes: "123"`},
		"name is true":     {with("name: Test Shop\n", "name: true\n"), `2:7: name is true or false; it must be text, put it in quotes: "true"`},
		"name is a date":   {with("name: Test Shop\n", "name: 2026-11-23\n"), `2:7: name is a date; it must be text, put it in quotes: "2026-11-23"`},
		"name is a list":   {with("name: Test Shop\n", "name: [a]\n"), "2:7: name is a list; it must be text"},
		"name without":     {with("name: Test Shop\n", "name:\n"), "2:6: name is empty; it must be text"},
		"name is blank":    {with("name: Test Shop\n", "name: ' '\n"), "2:7: name is empty; fill it in or remove the line"},
		"name is long":     {with("name: Test Shop\n", "name: "+strings.Repeat("ż", 301)+"\n"), "2:7: name has more than 300 characters; shorten it"},
		"two lines":        {with("name: Test Shop\n", "name: \"a\\nb\"\n"), "2:7: name has the invisible character U+000A; it must be one line of visible text"},
		"turned around":    {with("name: Test Shop\n", "name: \"a\\u202eb\"\n"), "2:7: name has the invisible character U+202E; it must be one line of visible text"},
		"custom tag":       {with("name: Test Shop\n", "name: !php/object x\n"), "2:7: name is a value with the tag !php/object; it must be text"},
		"binary":           {with("name: Test Shop\n", "name: !!binary aGk=\n"), `2:7: name is a value with the tag !!binary; it must be text, put it in quotes: "aGk="`},
		"controller is text": {with("controller:\n  name: Test Shop sp. z o.o.\n  address: Prosta 1, 00-001 Warszawa\n  contact: privacy@shop.example\n  dpo: https://shop.example/dpo\n",
			"controller: Test Shop\n"), "3:13: controller is text; it must be a mapping with keys: name, address, contact, dpo"},
		"contact is no address": {with("contact: privacy@shop.example", "contact: call us"), `6:12: controller.contact "call us" is neither an e-mail address nor an https:// address; visitors must be able to reach it`},
		"contact without a dot": {with("contact: privacy@shop.example", "contact: privacy@shop"), `6:12: controller.contact "privacy@shop" is neither an e-mail address nor an https:// address; visitors must be able to reach it`},
		"dpo over http":         {with("dpo: https://", "dpo: http://"), `7:8: controller.dpo "http://shop.example/dpo" is neither an e-mail address nor an https:// address; visitors must be able to reach it`},
		"processor's dpo":       {with("region: PL", "region: PL\nprocessor: {dpo: x@y.example}"), `16:13: processor has no key "dpo"; its keys are name, address, contact`},

		// Links.
		"http policy":         {with("privacy_policy: https://", "privacy_policy: http://"), `8:17: privacy_policy "http://shop.example/privacy" is not protected on its way; the address must begin with https://`},
		"javascript policy":   {with("privacy_policy: https://shop.example/privacy", "privacy_policy: javascript:alert(1)"), `8:17: privacy_policy "javascript:alert(1)" is not an address; write it as the browser shows it, from https:// on`},
		"relative policy":     {with("privacy_policy: https://shop.example/privacy", "privacy_policy: /privacy"), `8:17: privacy_policy "/privacy" must begin with https://`},
		"policy with a name":  {with("privacy_policy: https://", "privacy_policy: https://me:pw@"), `8:17: privacy_policy "https://me:pw@shop.example/privacy" has a user name in it; remove it`},
		"policy without host": {with("privacy_policy: https://shop.example/privacy", "privacy_policy: https:///privacy"), `8:17: privacy_policy "https:///privacy" has no full host name, as shop.example`},
		"policy with spaces":  {with("privacy_policy: https://shop.example/privacy", "privacy_policy: https://shop.example/our privacy"), `8:17: privacy_policy "https://shop.example/our privacy" is not an address; write it as the browser shows it, from https:// on`},
		"policy is a list":    {with("privacy_policy: https://shop.example/privacy", "privacy_policy: [https://shop.example]"), "8:17: privacy_policy is a list; it must be text"},
		"policy, locale":      {with("privacy_policy: https://shop.example/privacy", "privacy_policy: {fr: https://shop.example}"), "8:1: privacy_policy has no address for \"pl\"; add it, or give one address for all languages\n8:1: privacy_policy has no address for \"en\"; add it, or give one address for all languages\n8:1: privacy_policy has no address for \"de\"; add it, or give one address for all languages\n8:1: privacy_policy has no address for \"cs\"; add it, or give one address for all languages\n8:18: privacy_policy has no key \"fr\"; its keys are pl, en, de, cs"},

		// Origins, locales, region, flow.
		"origin *":            {with("- https://shop.example", "- '*'"), `10:5: origins[0]: "*" would let every website open this site's chat; list the site's own addresses, as https://shop.example or https://*.shop.example`},
		"origin with a path":  {with("- https://shop.example", "- https://shop.example/shop"), `10:5: origins[0]: "https://shop.example/shop" has a path; an origin ends after the host: https://shop.example`},
		"origin twice":        {with("- https://*.shop.example", "- HTTPS://SHOP.example:443"), "11:5: origins[1]: https://shop.example is listed twice"},
		"origins are text":    {with("origins:\n  - https://shop.example\n  - https://*.shop.example\n  - http://localhost:*\n", "origins: https://shop.example\n"), `9:10: origins is "https://shop.example"; it must be a list: [one, two]`},
		"origins are none":    {with("origins:\n  - https://shop.example\n  - https://*.shop.example\n  - http://localhost:*\n", "origins: []\n"), "9:10: origins is empty, so no page may open the chat; for example origins: [https://shop.example]"},
		"too many origins":    {with("origins:\n  - https://shop.example\n  - https://*.shop.example\n  - http://localhost:*\n", "origins: ["+strings.Repeat("'', ", 64)+"'']\n"), "9:10: origins has 65 entries; it may have at most 64"},
		"allow_no_origin":     {with("region: PL", "region: PL\nallow_no_origin: maybe"), `16:18: allow_no_origin is "maybe"; it must be true or false`},
		"no locale":           {with("locales: [pl, en, de, cs]\nfallback: en\n", "locales: []\n"), "13:10: locales is empty; for example locales: [pl, en]"},
		"locale is no tag":    {with("locales: [pl, en,", "locales: [polish!, en,"), `13:11: locales[0]: "polish!" is not a language tag such as pl or en-GB`},
		"locale in capitals":  {with("locales: [pl, en,", "locales: [PL, en,"), `13:11: locales[0]: "PL" is written "pl"`},
		"locale twice":        {with("locales: [pl, en,", "locales: [en, en,"), `13:15: locales[1]: "en" is listed twice`},
		"locale without text": {with("locales: [pl, en, de, cs]\nfallback: en\n", "locales: [uk]\n"), `13:11: there are no consent texts in "uk"; declare a fallback in one of cs, de, en, pl`},
		"fallback unknown":    {with("fallback: en", "fallback: fr"), `14:1: fallback "fr" is none of the site's locales (pl, en, de, cs)`},
		"fallback wordless":   {with("locales: [pl, en, de, cs]\nfallback: en", "locales: [pl, fr]\nfallback: fr"), `14:1: there are no consent texts in "fr" to fall back to; take one of cs, de, en, pl`},
		"region":              {with("region: PL", "region: pl"), `15:9: region "pl" is not a country code of two capital letters, as PL`},
		"region is a group":   {with("region: PL", "region: EU"), `15:9: region "EU" is not a country code of two capital letters, as PL`},
		"flow is not there":   {with("flow: flow.yaml", "flow: lead.yaml"), `16:1: flow "lead.yaml": there is no such file (looked for lead.yaml); the path is relative to the site file`},

		// Consent.
		"require":           {with("require: true", "require: yes please"), `18:12: consent.require is "yes please"; it must be true or false`},
		"mode":              {with("mode: separate", "mode: single"), `19:9: consent.mode is "single"; it must be one of separate, bundled`},
		"reask too soon":    {with("reask_after_days: 180", "reask_after_days: 30"), `20:21: consent.reask_after_days is "30"; it must be a whole number from 180 to 3650`},
		"idle is text":      {with("session_idle_minutes: 30", "session_idle_minutes: half an hour"), `21:25: consent.session_idle_minutes is "half an hour"; it must be a whole number from 1 to 1440`},
		"idle is a float":   {with("session_idle_minutes: 30", "session_idle_minutes: 1.5"), `21:25: consent.session_idle_minutes is "1.5"; it must be a whole number from 1 to 1440`},
		"idle is hex":       {with("session_idle_minutes: 30", "session_idle_minutes: 0x1e"), `21:25: consent.session_idle_minutes is "0x1e"; it must be a whole number from 1 to 1440`},
		"purpose unknown":   {with("{code: marketing_sms}", "{code: marketing_smss}"), `26:14: consent.purposes[3]: there is no "marketing_smss"; did you mean "marketing_sms"?`},
		"purpose far off":   {with("{code: marketing_sms}", "{code: x}"), `26:14: consent.purposes[3]: there is no "x"; known are lead_contact, marketing_email, marketing_phone, marketing_sms`},
		"purpose twice":     {with("{code: marketing_sms}", "{code: marketing_phone}"), `26:14: consent.purposes[3]: "marketing_phone" is listed twice`},
		"purpose is a word": {with("{code: marketing_sms}", "marketing_sms"), `26:7: consent.purposes[3] is "marketing_sms"; write it as {code: lead_contact}`},
		"purpose no code":   {with("{code: marketing_sms}", "{valid_days: 3}"), `26:7: consent.purposes[3] needs "code"; for example {code: lead_contact}`},
		"no base purpose":   {with("    - {code: lead_contact}\n", ""), "22:3: consent.purposes has no lead_contact; the others are asked after it, add {code: lead_contact}"},
		"valid_days":        {with("valid_days: 365", "valid_days: 0"), `24:43: consent.purposes[1].valid_days is "0"; it must be a whole number from 1 to 3650`},
		"field unknown":     {with("fields: [name, email, phone]", "fields: [name, email, phone, pesel]"), `27:32: consent.fields[3]: there is no "pesel"; known are name, email, phone`},
		"field mistyped":    {with("fields: [name, email, phone]", "fields: [name, e-mail, email, phone]"), `27:18: consent.fields[1]: there is no "e-mail"; did you mean "email"?`},
		"field twice":       {with("fields: [name, email, phone]", "fields: [name, email, phone, name]"), `27:32: consent.fields[3]: "name" is listed twice`},
		"no field for it":   {with("fields: [name, email, phone]", "fields: [name, phone]"), "24:7: marketing_email needs the field \"email\"; add it to consent.fields or remove the purpose"},
		"recipients":        {with("recipients: [Mail House GmbH, CRM Ltd]", "recipients: nobody"), `28:15: consent.recipients is "nobody"; it must be a list: [one, two]`},
		"retention":         {with("contact_days: 365", "contact_days: forever"), `29:29: consent.retention.contact_days is "forever"; it must be a whole number from 1 to 3650`},
		"retention, key":    {with("contact_days: 365", "contacts_days: 365"), `29:15: consent.retention has no key "contacts_days"; did you mean "contact_days"?`},
		"authority":         {consentTail("  authority: {url: https://uodo.gov.pl}\n"), `29:14: consent.authority needs "name"; for example name: Prezes Urzędu Ochrony Danych Osobowych`},
		"authority, http":   {consentTail("  authority: {name: UODO, url: http://uodo.gov.pl}\n"), `29:32: consent.authority.url "http://uodo.gov.pl" is not protected on its way; the address must begin with https://`},
		"E36, decline":      {consentTail("  decline: Maybe later\n"), `29:3: consent has no key "decline"; the words on the buttons are fixed per language, so that declining stays as plain as agreeing; remove it`},
		"E36, labels":       {with("position: left", "position: left, labels: {accept: OK}"), `30:43: looks has no key "labels"; the words on the buttons are fixed per language, so that declining stays as plain as agreeing; remove it`},
		"clocks, longer":    {with("region: PL", "region: PL\nretention: {contact_days: 400}"), `16:27: retention.contact_days is 400, but visitors are told 365 days (consent.retention.contact_days); write 365 or less, or tell them more`},
		"clocks, proof":     {with("region: PL", "region: PL\nretention: {proof_days: 2191}"), `16:25: retention.proof_days is 2191, but visitors are told 2190 days (consent.retention.proof_days); write 2190 or less, or tell them more`},
		"clocks, key":       {with("region: PL", "region: PL\nretention: {transcript_days: 7}"), `16:13: retention has no key "transcript_days"; its keys are contact_days, proof_days`},

		// Looks.
		"color":          {with(`"#1f6f43"`, "green"), `30:16: looks.color "green" is not a colour; write six hex digits in quotes: "#1f5fbf"`},
		"color, comment": {with(`looks: {color: "#1f6f43", position: left}`, "looks:\n  color: #1f6f43\n"), "31:9: looks.color is empty; it must be text"},
		"position":       {with("position: left", "position: middle"), `30:37: looks.position is "middle"; it must be one of right, left`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, problems := buildFrom(t, c.src, Options{Processor: platform})
			want := "shop.yaml:" + strings.ReplaceAll(c.want, "\n", "\nshop.yaml:")
			if got := problems.Error(); got != want {
				t.Errorf("\n got %s\nwant %s", got, want)
			}
		})
	}
}

// The flow's own mistakes, and those that only this site makes of it, come with
// the flow's file.
func TestFlowProblems(t *testing.T) {
	t.Parallel()
	flow := readTestdata(t, "flow.yaml")
	for name, c := range map[string]struct{ site, flow, want string }{
		"broken":         {readTestdata(t, "site.yaml"), "flow: x\nlocales: [pl\n", "flows/flow.yaml:"},
		"no such locale": {readTestdata(t, "site.yaml"), strings.Replace(strings.Replace(flow, "locales: [pl, en, de, cs]", "locales: [en]", 1), "fallback: en\n", "", 1), `flows/flow.yaml:3:10: the site speaks "pl", but the flow has no texts in it and declares no fallback`},
		"no such purpose": {
			change(t, "    - {code: marketing_sms}\n", ""), flow,
			`the site has no purpose "marketing_sms" (it has lead_contact, marketing_email, marketing_phone)`,
		},
		"no such field": {
			change(t, "fields: [name, email, phone]", "fields: [email, phone]"), flow,
			`step "name" asks for "name", which the site's notice does not name (it names email, phone)`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := strings.Replace(c.site, "flow: flow.yaml", "flow: ../flows/flow.yaml", 1)
			_, problems := build("sites/shop.yaml", []byte(site), Options{Processor: platform}, func(string) ([]byte, error) { return []byte(c.flow), nil })
			if text := problems.Error(); !strings.Contains(text, c.want) || !strings.HasPrefix(text, "flows/flow.yaml:") {
				t.Errorf("\n got %s\nwant %s", text, c.want)
			}
		})
	}
}

func FuzzLoad(f *testing.F) {
	good, flow := readTestdata(f, "site.yaml"), readTestdata(f, "flow.yaml")
	f.Add(good)
	for _, s := range []string{
		"", "key: shop", "a: &a [*a]", "? [x]\n: y", "key: !!binary aGk=", "<<: {key: x}", "%YAML 1.2\n---\n", "- - - -",
		strings.Replace(good, "mode: separate", "mode: bundled", 1), strings.Replace(good, "require: true", "require: false", 1),
		strings.Replace(good, "[pl, en, de, cs]", "[uk, en-GB]", 1), strings.Replace(good, "PL", "DE", 1),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		s, problems := build("shop.yaml", []byte(src), Options{Processor: platform}, func(string) ([]byte, error) { return []byte(flow), nil })
		if (s == nil) == (len(problems) == 0) {
			t.Fatalf("site %v and problems %v", s, problems)
		}
		if s == nil {
			for _, p := range problems {
				if p.Line < 1 || p.Column < 1 || p.Message == "" || strings.ContainsAny(p.Message, "\n\x1b") {
					t.Fatalf("problem %q cannot be read", p)
				}
			}
			return
		}
		if s.AllowsOrigin("null") || s.AllowsOrigin("https://stranger.invalid.test") && !strings.Contains(src, "invalid.test") {
			t.Fatal("a stranger may open the chat")
		}
		if len(s.Settings.Purposes) == 0 != (len(s.Settings.Notices) == 0) {
			t.Fatalf("purposes %v, %d notices", s.Settings.Purposes, len(s.Settings.Notices))
		}
		for key, n := range s.Settings.Notices {
			if n.Card.Title == "" || n.Card.Body == "" || n.Card.Accept == "" || !strings.Contains(n.Card.Body, s.Controller.Name) {
				t.Fatalf("notice %s: %+v", key, n.Card)
			}
		}
		if len(s.Information("xx").Sections) < 4 {
			t.Fatal("no information")
		}
	})
}
