package widget

var shopPL = shop{
	Locale: "pl", Other: "/demo/en", OtherName: "English", OtherIn: "en",
	Title:   "Sklep Łąka",
	Tagline: "Rośliny i ogród",
	Intro:   "Dzikie zioła, byliny i krzewy z małej szkółki pod Lublinem. Pakujemy w papier, podlewamy przed drogą, a na pytania odpowiadamy od razu.",
	Menu:    []string{"Rośliny", "Narzędzia", "Poradnik", "Kontakt"},
	Ask:     "Zapytaj o roślinę", Browse: "Zobacz rośliny",
	PlantsTitle: "Teraz kwitną",
	Plants: []plant{
		{"Lawenda wąskolistna", "Lavandula angustifolia", "18 zł", "Lubi słońce i suchą ziemię. Pszczoły też ją lubią.", "lavender"},
		{"Piwonia chińska", "Paeonia lactiflora", "46 zł", "Raz posadzona, kwitnie przez pół wieku.", "peony"},
		{"Monstera dziurawa", "Monstera deliciosa", "89 zł", "Do jasnego pokoju. Wybacza, gdy się o niej zapomni.", "monstera"},
		{"Szałwia omszona", "Salvia nemorosa", "15 zł", "Niebieskie świece od czerwca do przymrozków.", "sage"},
	},
	AboutTitle: "Jak pracujemy",
	About: []note{
		{"Dostawa", "Wysyłamy w poniedziałki i wtorki, żeby rośliny nie czekały w magazynie przez weekend."},
		{"Zwroty", "Roślina dotarła w złej formie? Wystarczy zdjęcie w ciągu 14 dni."},
		{"Twoje dane", "Czat nic nie zapisuje, dopóki sam nie zaczniesz. O kontakt pytamy dopiero po zgodzie."},
	},
	Visit:  "Szkółka: ul. Polna 7, 20-001 Lublin, wtorek–sobota 9–17",
	Footer: "Sklep pokazowy. Nic tu nie kupisz, ale z asystentem porozmawiasz naprawdę.",
}

var shopEN = shop{
	Locale: "en", Other: "/demo/", OtherName: "Polski", OtherIn: "pl",
	Title:   "Sklep Łąka",
	Tagline: "Plants & garden",
	Intro:   "Wild herbs, perennials and shrubs from a small nursery near Lublin. Wrapped in paper, watered before the journey, and questions are answered at once.",
	Menu:    []string{"Plants", "Tools", "Guide", "Contact"},
	Ask:     "Ask about a plant", Browse: "See the plants",
	PlantsTitle: "In flower now",
	Plants: []plant{
		{"English lavender", "Lavandula angustifolia", "€4.20", "Likes sun and dry soil. Bees like it back.", "lavender"},
		{"Chinese peony", "Paeonia lactiflora", "€10.80", "Planted once, it flowers for half a century.", "peony"},
		{"Swiss cheese plant", "Monstera deliciosa", "€20.90", "For a bright room. Forgives being forgotten.", "monstera"},
		{"Woodland sage", "Salvia nemorosa", "€3.50", "Blue candles from June until the first frost.", "sage"},
	},
	AboutTitle: "How we work",
	About: []note{
		{"Delivery", "We ship on Mondays and Tuesdays, so that no plant spends a weekend in a warehouse."},
		{"Returns", "A plant arrived in bad shape? A photo within 14 days is enough."},
		{"Your data", "The chat keeps nothing until you begin. We ask for contact details only after you agree."},
	},
	Visit:  "Nursery: ul. Polna 7, 20-001 Lublin, Poland, Tuesday–Saturday 9–17",
	Footer: "A demo shop. Nothing is for sale, but the assistant is real.",
}
