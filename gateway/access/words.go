package access

// words are the page's own words in one language.
type words struct {
	Title, Intro                                   string
	Contact, NoContact, Given, Restricted          string
	Basis, NotAsked                                string
	Consents, NeverAsked, Since, Until             string
	History, Text, Texts                           string
	Told, Rights                                   string
	Visitor, Erased, Controller, DPO, Processor    string
	Recipients, Nobody, Storage, Authority, Policy string
	KeptContact, KeptTranscript, KeptProof, Days   string
	Transcript, NoTranscript, Newest               string
	Masked, Removed                                string
	Fields, Purposes, Kinds, Actors                map[string]string
}

// of translates a code, or shows it as it is.
func (words) of(list map[string]string, code string) string {
	if w, ok := list[code]; ok {
		return w
	}
	return code
}

var vocabulary = map[string]words{
	"en": {
		Title: "What is held about you", Intro: "All that this website's chat holds about you, as of the time above.",
		Contact: "Your contact details", NoContact: "No contact details are held.", Given: "last given", Restricted: "kept but not used since",
		Basis: "kept because", NotAsked: "the website collects contacts without asking for consent; they are not used for marketing",
		Consents: "Your consent", NeverAsked: "You were not asked for any consent.", Since: "since", Until: "until",
		History: "Every question and answer", Text: "text", Texts: "The texts you were shown",
		Told:    "Who holds it, for how long",
		Rights:  "You can have your data corrected, restricted, erased, or handed over, withdraw any consent at any time in the chat under privacy, and complain to the authority.",
		Visitor: "you are kept as", Erased: "erased", Controller: "who decides (controller)", DPO: "data protection officer",
		Processor: "who runs the chat (processor)", Recipients: "who else receives data", Nobody: "nobody", Storage: "kept in",
		Authority: "supervisory authority", Policy: "privacy policy",
		KeptContact: "contact details are kept", KeptTranscript: "the conversation is kept", KeptProof: "proof of your answers is kept", Days: "%d days",
		Transcript: "The conversation", NoTranscript: "No conversation is held any more.", Newest: "Only the newest part is shown here.",
		Masked: "contact details that were not kept", Removed: "removed",
		Fields:   map[string]string{"name": "name", "email": "e-mail", "phone": "telephone"},
		Purposes: map[string]string{"lead_contact": "Answering your enquiry", "marketing_email": "Offers by e-mail", "marketing_phone": "Offers by telephone", "marketing_sms": "Offers by SMS"},
		Kinds: map[string]string{
			"requested": "you were asked", "granted": "you agreed", "declined": "you declined", "deferred": "not answered",
			"withdrawn": "withdrawn", "expired": "ended by itself", "erased": "erased",
		},
		Actors: map[string]string{"visitor": "you", "bot": "assistant", "operator": "a person", "system": "the chat", "command": "the website's owner"},
	},
	"pl": {
		Title: "Co o Tobie przechowujemy", Intro: "Wszystko, co czat tej strony o Tobie przechowuje, według stanu na podany czas.",
		Contact: "Twoje dane kontaktowe", NoContact: "Nie przechowujemy danych kontaktowych.", Given: "podane ostatnio", Restricted: "przechowywane, ale nieużywane od",
		Basis: "podstawa", NotAsked: "strona zbiera kontakty bez pytania o zgodę; nie są one używane do marketingu",
		Consents: "Twoje zgody", NeverAsked: "Nie pytaliśmy Cię o żadną zgodę.", Since: "od", Until: "do",
		History: "Każde pytanie i każda odpowiedź", Text: "tekst", Texts: "Teksty, które Ci pokazaliśmy",
		Told:    "Kto przechowuje dane i jak długo",
		Rights:  "Możesz żądać sprostowania, ograniczenia, usunięcia lub przeniesienia danych, w każdej chwili wycofać zgodę w czacie w zakładce Prywatność oraz złożyć skargę do organu nadzorczego.",
		Visitor: "Twój identyfikator", Erased: "usunięto", Controller: "kto decyduje (administrator)", DPO: "inspektor ochrony danych",
		Processor: "kto prowadzi czat (podmiot przetwarzający)", Recipients: "kto jeszcze otrzymuje dane", Nobody: "nikt", Storage: "miejsce przechowywania",
		Authority: "organ nadzorczy", Policy: "polityka prywatności",
		KeptContact: "dane kontaktowe przechowujemy", KeptTranscript: "rozmowę przechowujemy", KeptProof: "dowód odpowiedzi przechowujemy", Days: "%d dni",
		Transcript: "Rozmowa", NoTranscript: "Rozmowy już nie przechowujemy.", Newest: "Tu widać tylko najnowszą część.",
		Masked: "dane kontaktowe, których nie zapisano", Removed: "usunięto",
		Fields:   map[string]string{"name": "imię", "email": "e-mail", "phone": "telefon"},
		Purposes: map[string]string{"lead_contact": "Odpowiedź na zapytanie", "marketing_email": "Oferty e-mailem", "marketing_phone": "Oferty telefoniczne", "marketing_sms": "Oferty SMS-em"},
		Kinds: map[string]string{
			"requested": "zapytano", "granted": "zgoda wyrażona", "declined": "odmowa", "deferred": "bez odpowiedzi",
			"withdrawn": "zgoda wycofana", "expired": "zgoda wygasła", "erased": "usunięto",
		},
		Actors: map[string]string{"visitor": "Ty", "bot": "asystent", "operator": "pracownik", "system": "czat", "command": "właściciel strony"},
	},
	"de": {
		Title: "Was über Sie gespeichert ist", Intro: "Alles, was der Chat dieser Website zum genannten Zeitpunkt über Sie gespeichert hat.",
		Contact: "Ihre Kontaktdaten", NoContact: "Es sind keine Kontaktdaten gespeichert.", Given: "zuletzt angegeben", Restricted: "aufbewahrt, aber nicht genutzt seit",
		Basis: "Grundlage", NotAsked: "die Website erfasst Kontakte ohne Einwilligung; sie werden nicht für Werbung genutzt",
		Consents: "Ihre Einwilligungen", NeverAsked: "Sie wurden um keine Einwilligung gebeten.", Since: "seit", Until: "bis",
		History: "Jede Frage und jede Antwort", Text: "Text", Texts: "Die Texte, die Ihnen gezeigt wurden",
		Told:    "Wer die Daten hat und wie lange",
		Rights:  "Sie können Ihre Daten berichtigen, einschränken, löschen oder übertragen lassen, jede Einwilligung jederzeit im Chat unter „Datenschutz“ widerrufen und sich bei der Aufsichtsbehörde beschweren.",
		Visitor: "Ihre Kennung", Erased: "gelöscht", Controller: "wer entscheidet (Verantwortlicher)", DPO: "Datenschutzbeauftragte",
		Processor: "wer den Chat betreibt (Auftragsverarbeiter)", Recipients: "wer sonst Daten erhält", Nobody: "niemand", Storage: "gespeichert in",
		Authority: "Aufsichtsbehörde", Policy: "Datenschutzerklärung",
		KeptContact: "Kontaktdaten werden aufbewahrt", KeptTranscript: "das Gespräch wird aufbewahrt", KeptProof: "der Nachweis Ihrer Antworten wird aufbewahrt", Days: "%d Tage",
		Transcript: "Das Gespräch", NoTranscript: "Es ist kein Gespräch mehr gespeichert.", Newest: "Hier steht nur der neueste Teil.",
		Masked: "Kontaktdaten, die nicht gespeichert wurden", Removed: "entfernt",
		Fields:   map[string]string{"name": "Name", "email": "E-Mail", "phone": "Telefon"},
		Purposes: map[string]string{"lead_contact": "Antwort auf Ihre Anfrage", "marketing_email": "Angebote per E-Mail", "marketing_phone": "Angebote per Telefon", "marketing_sms": "Angebote per SMS"},
		Kinds: map[string]string{
			"requested": "gefragt", "granted": "eingewilligt", "declined": "abgelehnt", "deferred": "nicht beantwortet",
			"withdrawn": "widerrufen", "expired": "von selbst beendet", "erased": "gelöscht",
		},
		Actors: map[string]string{"visitor": "Sie", "bot": "Assistent", "operator": "eine Person", "system": "der Chat", "command": "der Betreiber"},
	},
	"cs": {
		Title: "Co o vás uchováváme", Intro: "Vše, co o vás chat tohoto webu uchovává k uvedenému času.",
		Contact: "Vaše kontaktní údaje", NoContact: "Neuchováváme žádné kontaktní údaje.", Given: "naposledy uvedeno", Restricted: "uchováváno, ale nepoužíváno od",
		Basis: "základ", NotAsked: "web sbírá kontakty bez žádosti o souhlas; nepoužívají se k marketingu",
		Consents: "Vaše souhlasy", NeverAsked: "O žádný souhlas jsme vás nežádali.", Since: "od", Until: "do",
		History: "Každá otázka a odpověď", Text: "text", Texts: "Texty, které jsme vám ukázali",
		Told:    "Kdo údaje uchovává a jak dlouho",
		Rights:  "Můžete žádat o opravu, omezení, výmaz nebo přenesení údajů, kdykoli odvolat souhlas v chatu v části Soukromí a podat stížnost u dozorového úřadu.",
		Visitor: "váš identifikátor", Erased: "smazáno", Controller: "kdo rozhoduje (správce)", DPO: "pověřenec pro ochranu osobních údajů",
		Processor: "kdo provozuje chat (zpracovatel)", Recipients: "kdo další údaje dostává", Nobody: "nikdo", Storage: "místo uložení",
		Authority: "dozorový úřad", Policy: "zásady ochrany osobních údajů",
		KeptContact: "kontaktní údaje uchováváme", KeptTranscript: "konverzaci uchováváme", KeptProof: "doklad vašich odpovědí uchováváme", Days: "%d dní",
		Transcript: "Konverzace", NoTranscript: "Konverzaci už neuchováváme.", Newest: "Zde je jen nejnovější část.",
		Masked: "kontaktní údaje, které nebyly uloženy", Removed: "odstraněno",
		Fields:   map[string]string{"name": "jméno", "email": "e-mail", "phone": "telefon"},
		Purposes: map[string]string{"lead_contact": "Odpověď na dotaz", "marketing_email": "Nabídky e-mailem", "marketing_phone": "Nabídky telefonem", "marketing_sms": "Nabídky SMS"},
		Kinds: map[string]string{
			"requested": "dotázáno", "granted": "souhlas udělen", "declined": "odmítnuto", "deferred": "bez odpovědi",
			"withdrawn": "odvoláno", "expired": "vypršelo", "erased": "smazáno",
		},
		Actors: map[string]string{"visitor": "vy", "bot": "asistent", "operator": "pracovník", "system": "chat", "command": "provozovatel webu"},
	},
}
