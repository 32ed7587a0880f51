package widget

var shopPL = shop{
	Locale: "pl", Other: "/demo/en", OtherName: "English", OtherIn: "en",
	Title:   "Sklep Łąka",
	Tagline: "Rośliny i ogród",
	Intro:   "Dzikie zioła, byliny i krzewy z małej szklarni w Krakowie. Pakujemy w papier, podlewamy przed drogą, a na pytania odpowiadamy od razu.",
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
		{"Dostawa", "Pakujemy od poniedziałku do czwartku, żeby żadna roślina nie spędziła weekendu w magazynie. Od 199 zł gratis."},
		{"Zwroty", "Masz na nie 30 dni. Roślina dojechała uszkodzona? Wystarczy zdjęcie w ciągu 3 dni."},
		{"Twoje dane", "Czat nic nie zapisuje, dopóki się nie odezwiesz. O kontakt pytamy dopiero po zgodzie."},
	},
	Visit:  "Szklarnia: ul. Łąkowa 12, 30-001 Kraków, poniedziałek–piątek 9–18, sobota 9–14",
	Footer: "Sklep pokazowy. Nic tu nie kupisz, ale z asystentem porozmawiasz naprawdę.",
}

var shopEN = shop{
	Locale: "en", Other: "/demo/", OtherName: "Polski", OtherIn: "pl",
	Title:   "Sklep Łąka",
	Tagline: "Plants & garden",
	Intro:   "Wild herbs, perennials and shrubs from a small greenhouse in Kraków. Wrapped in paper, watered before the journey, and questions are answered at once.",
	Menu:    []string{"Plants", "Tools", "Guide", "Contact"},
	Ask:     "Ask about a plant", Browse: "See the plants",
	PlantsTitle: "In flower now",
	Plants: []plant{
		{"English lavender", "Lavandula angustifolia", "18 PLN", "Likes sun and dry soil. Bees like it back.", "lavender"},
		{"Chinese peony", "Paeonia lactiflora", "46 PLN", "Planted once, it flowers for half a century.", "peony"},
		{"Swiss cheese plant", "Monstera deliciosa", "89 PLN", "For a bright room. Forgives being forgotten.", "monstera"},
		{"Woodland sage", "Salvia nemorosa", "15 PLN", "Blue candles from June until the first frost.", "sage"},
	},
	AboutTitle: "How we work",
	About: []note{
		{"Delivery", "We pack Monday to Thursday, so that no plant spends a weekend in a warehouse. Free from 199 PLN."},
		{"Returns", "You have 30 days. A plant arrived damaged? A photo within 3 days is enough."},
		{"Your data", "The chat keeps nothing until you begin. We ask for contact details only after you agree."},
	},
	Visit:  "Greenhouse: ul. Łąkowa 12, 30-001 Kraków, Poland, Monday–Friday 9–18, Saturday 9–14",
	Footer: "A demo shop. Nothing is for sale, but the assistant is real.",
}
