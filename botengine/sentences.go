package botengine

import "strings"

// sentences are what the engine itself says in one language. A flow's author
// cannot change them: they speak of consent, and have to be right.
type sentences struct {
	locale string

	maskedOffer, maskedDeclined, maskedOff     string
	cardUnclear, cardOpen                      string
	choose, working                            string
	withdrawn, withdrawnMarketing              string
	nothingToWithdraw, expired, alreadyGranted string
	askedAnew                                  string
	noCollection, noNotice                     string
	grantedNoted, declinedNoted                string
	corrected, restricted, freed, outlived     string
	// The question about the age; the labels have a %d for the limit.
	age, ageReached, ageUnder, tooYoung string
	hints                               map[string]string
	grant, decline                      []string // lower case, no final punctuation
}

// sentencesFor finds the sentences for a locale: its language's, else those of
// the fallback. NewBot refuses a site that has neither; English stands in only
// for what an older version of the site has left behind.
func sentencesFor(locale, fallback string) *sentences {
	for _, l := range []string{locale, fallback} {
		if s, ok := speaks(l); ok {
			return s
		}
	}
	return &english
}

func speaks(locale string) (*sentences, bool) {
	lang, _, _ := strings.Cut(locale, "-")
	s, ok := spoken[lang]
	return s, ok
}

// has tells whether a line is one of the phrases.
func (*sentences) has(phrases []string, said []byte) bool {
	for _, p := range phrases {
		if p == string(said) {
			return true
		}
	}
	return false
}

var spoken = map[string]*sentences{"pl": &polish, "en": &english, "de": &german, "cs": &czech}

var polish = sentences{
	locale:             "pl",
	maskedOffer:        "Widzę dane kontaktowe. Zapisuję je tylko za Twoją zgodą, więc na razie są ukryte.",
	maskedDeclined:     "Te dane nie zostały zapisane, ponieważ nie ma na to Twojej zgody. Decyzję możesz zmienić w każdej chwili w zakładce Prywatność.",
	maskedOff:          "Dane kontaktowe zostały ukryte: ten czat ich nie zapisuje.",
	cardUnclear:        "Wolę nie zgadywać. Naciśnij jeden z przycisków albo napisz „zgadzam się” lub „nie zgadzam się”.",
	cardOpen:           "Pytanie o zgodę powyżej nadal czeka na odpowiedź. Możesz też pytać dalej.",
	choose:             "Wybierz, proszę, jedną z możliwości.",
	working:            "Chwileczkę, jeszcze to sprawdzam.",
	withdrawn:          "Gotowe: zgoda jest wycofana, a Twoje dane kontaktowe usunięte.",
	withdrawnMarketing: "Gotowe: zgoda na wiadomości marketingowe jest wycofana.",
	nothingToWithdraw:  "Nie mamy Twojej zgody, więc nie ma czego wycofać.",
	expired:            "Twoja zgoda wygasła, więc Twoje dane kontaktowe zostały usunięte.",
	alreadyGranted:     "Mamy już Twoją zgodę. Możesz ją wycofać w każdej chwili w zakładce Prywatność.",
	askedAnew:          "Od Twojej zgody zmieniło się, kto dostaje dane lub o które dane chodzi, więc pytam jeszcze raz.",
	noCollection:       "Ten czat nie zbiera danych kontaktowych.",
	noNotice:           "Nie mogę teraz zapytać o zgodę w tym języku, więc nie zbieram danych kontaktowych.",
	grantedNoted:       "Dziękuję, Twoja zgoda jest zapisana.",
	declinedNoted:      "Rozumiem, nic nie zapisuję. Możemy rozmawiać dalej.",
	corrected:          "Poprawiono dane kontaktowe:",
	restricted:         "Przetwarzanie Twoich danych kontaktowych jest ograniczone: przechowujemy je, ale ich nie używamy.",
	freed:              "Ograniczenie przetwarzania Twoich danych kontaktowych zostało zniesione.",
	outlived:           "Minął czas przechowywania Twoich danych kontaktowych, więc zostały usunięte.",
	age:                "Zanim zapytam o zgodę: ile masz lat?",
	ageReached:         "Mam co najmniej %d lat",
	ageUnder:           "Mam mniej niż %d lat",
	tooYoung:           "Dziękuję. W takim razie nie zapisuję żadnych danych kontaktowych, ale chętnie odpowiem na pytania.",
	hints: map[string]string{
		hintNoAt:      "W adresie brakuje znaku @.",
		hintNoDot:     "Po znaku @ brakuje kropki, na przykład w „.pl”.",
		hintSpace:     "W adresie jest spacja.",
		hintTooShort:  "Ten numer jest za krótki.",
		hintTooLong:   "Ten numer jest za długi.",
		hintTooLow:    "Ta liczba jest za mała.",
		hintTooHigh:   "Ta liczba jest za duża.",
		hintDate:      "Na przykład: 24.12.2026.",
		hintManyFound: "Podaj, proszę, tylko jedną wartość.",
	},
	grant:   []string{"zgadzam się", "zgadzam sie", "wyrażam zgodę", "wyrazam zgode", "tak, zgadzam się", "tak, wyrażam zgodę"},
	decline: []string{"nie zgadzam się", "nie zgadzam sie", "nie wyrażam zgody", "nie wyrazam zgody", "nie", "nie, dziękuję", "nie, dziekuje", "odmawiam"},
}

var english = sentences{
	locale:             "en",
	maskedOffer:        "I see contact details. I save them only with your consent, so I have hidden them for now.",
	maskedDeclined:     "I did not save these details, since I do not have your consent. You can change your choice under Privacy at any time.",
	maskedOff:          "I have hidden the contact details: this chat does not save them.",
	cardUnclear:        "I would rather not guess. Press one of the buttons, or write “I agree” or “I do not agree”.",
	cardOpen:           "The question about consent above is still open. You can go on asking, too.",
	choose:             "Please choose one of the options.",
	working:            "One moment, I am still looking that up.",
	withdrawn:          "Done: your consent is withdrawn and your contact details are deleted.",
	withdrawnMarketing: "Done: your consent to marketing messages is withdrawn.",
	nothingToWithdraw:  "We do not have your consent, so there is nothing to withdraw.",
	expired:            "Your consent has expired, so your contact details were deleted.",
	alreadyGranted:     "We already have your consent. You can withdraw it under Privacy at any time.",
	askedAnew:          "Since you agreed, who gets the data or which data it is has changed, so I am asking once more.",
	noCollection:       "This chat does not collect contact details.",
	noNotice:           "I cannot ask for consent in this language now, so I do not collect contact details.",
	grantedNoted:       "Thank you, I have noted your consent.",
	declinedNoted:      "All right, I save nothing. We can go on talking.",
	corrected:          "Contact details were corrected:",
	restricted:         "Processing of your contact details is restricted: we keep them and do not use them.",
	freed:              "Processing of your contact details is no longer restricted.",
	outlived:           "Your contact details have been kept for as long as we keep them, so they were deleted.",
	age:                "Before I ask for your consent: how old are you?",
	ageReached:         "I am %d or older",
	ageUnder:           "I am younger than %d",
	tooYoung:           "Thank you. Then I save no contact details, but I am happy to answer questions.",
	hints: map[string]string{
		hintNoAt:      "The address has no @ in it.",
		hintNoDot:     "After the @ there is a dot missing, as in “.com”.",
		hintSpace:     "There is a space in the address.",
		hintTooShort:  "The number is too short.",
		hintTooLong:   "The number is too long.",
		hintTooLow:    "The number is too low.",
		hintTooHigh:   "The number is too high.",
		hintDate:      "For example: 24/12/2026.",
		hintManyFound: "Please give just one.",
	},
	grant:   []string{"i agree", "i consent", "i give my consent", "yes, i agree", "yes, i consent"},
	decline: []string{"i do not agree", "i don't agree", "i don’t agree", "i do not consent", "i don't consent", "i don’t consent", "i disagree", "no", "no, thank you", "no thank you", "no thanks", "no, thanks", "i decline"},
}

var german = sentences{
	locale:             "de",
	maskedOffer:        "Ich sehe Kontaktdaten. Ich speichere sie nur mit Ihrer Einwilligung und habe sie vorerst ausgeblendet.",
	maskedDeclined:     "Ich habe diese Daten nicht gespeichert, weil Ihre Einwilligung fehlt. Unter „Datenschutz“ können Sie Ihre Wahl jederzeit ändern.",
	maskedOff:          "Ich habe die Kontaktdaten ausgeblendet: Dieser Chat speichert sie nicht.",
	cardUnclear:        "Ich möchte nicht raten. Bitte drücken Sie eine der Schaltflächen oder schreiben Sie „Ich stimme zu“ oder „Ich stimme nicht zu“.",
	cardOpen:           "Die Frage nach Ihrer Einwilligung oben ist noch offen. Sie können auch einfach weiterfragen.",
	choose:             "Bitte wählen Sie eine der Möglichkeiten.",
	working:            "Einen Moment bitte, ich sehe noch nach.",
	withdrawn:          "Erledigt: Ihre Einwilligung ist widerrufen, Ihre Kontaktdaten sind gelöscht.",
	withdrawnMarketing: "Erledigt: Ihre Einwilligung in Werbenachrichten ist widerrufen.",
	nothingToWithdraw:  "Uns liegt keine Einwilligung von Ihnen vor, es gibt also nichts zu widerrufen.",
	expired:            "Ihre Einwilligung ist abgelaufen, deshalb wurden Ihre Kontaktdaten gelöscht.",
	alreadyGranted:     "Ihre Einwilligung liegt uns schon vor. Unter „Datenschutz“ können Sie sie jederzeit widerrufen.",
	askedAnew:          "Seit Ihrer Einwilligung hat sich geändert, wer die Daten bekommt oder um welche Daten es geht. Deshalb frage ich noch einmal.",
	noCollection:       "Dieser Chat erfasst keine Kontaktdaten.",
	noNotice:           "Ich kann in dieser Sprache gerade nicht um Einwilligung bitten und erfasse deshalb keine Kontaktdaten.",
	grantedNoted:       "Danke, ich habe Ihre Einwilligung vermerkt.",
	declinedNoted:      "In Ordnung, ich speichere nichts. Wir können gern weiterreden.",
	corrected:          "Kontaktdaten wurden berichtigt:",
	restricted:         "Die Verarbeitung Ihrer Kontaktdaten ist eingeschränkt: Wir bewahren sie auf und nutzen sie nicht.",
	freed:              "Die Verarbeitung Ihrer Kontaktdaten ist nicht mehr eingeschränkt.",
	outlived:           "Die Aufbewahrungszeit Ihrer Kontaktdaten ist abgelaufen, deshalb wurden sie gelöscht.",
	age:                "Bevor ich um Ihre Einwilligung bitte: Wie alt sind Sie?",
	ageReached:         "Ich bin %d Jahre oder älter",
	ageUnder:           "Ich bin jünger als %d Jahre",
	tooYoung:           "Danke. Dann speichere ich keine Kontaktdaten, beantworte aber gern Fragen.",
	hints: map[string]string{
		hintNoAt:      "In der Adresse fehlt das @.",
		hintNoDot:     "Nach dem @ fehlt ein Punkt, wie in „.de“.",
		hintSpace:     "In der Adresse steht ein Leerzeichen.",
		hintTooShort:  "Die Nummer ist zu kurz.",
		hintTooLong:   "Die Nummer ist zu lang.",
		hintTooLow:    "Die Zahl ist zu klein.",
		hintTooHigh:   "Die Zahl ist zu groß.",
		hintDate:      "Zum Beispiel: 24.12.2026.",
		hintManyFound: "Bitte geben Sie nur einen Wert an.",
	},
	grant:   []string{"ich stimme zu", "ich willige ein", "ja, ich stimme zu", "ja, ich willige ein", "ich bin einverstanden"},
	decline: []string{"ich stimme nicht zu", "ich willige nicht ein", "ich bin nicht einverstanden", "nein", "nein, danke", "nein danke", "ich lehne ab"},
}

var czech = sentences{
	locale:             "cs",
	maskedOffer:        "Vidím kontaktní údaje. Ukládám je jen s vaším souhlasem, zatím jsou tedy skryté.",
	maskedDeclined:     "Tyto údaje nebyly uloženy, protože k tomu chybí váš souhlas. Volbu můžete kdykoli změnit v části Soukromí.",
	maskedOff:          "Kontaktní údaje byly skryty: tento chat je neukládá.",
	cardUnclear:        "Raději nebudu hádat. Stiskněte jedno z tlačítek, nebo napište „souhlasím“ či „nesouhlasím“.",
	cardOpen:           "Otázka na souhlas výše stále čeká na odpověď. Můžete se ptát i dál.",
	choose:             "Vyberte prosím jednu z možností.",
	working:            "Okamžik prosím, ještě to zjišťuji.",
	withdrawn:          "Hotovo: souhlas je odvolán a vaše kontaktní údaje jsou smazány.",
	withdrawnMarketing: "Hotovo: souhlas s marketingovými zprávami je odvolán.",
	nothingToWithdraw:  "Váš souhlas nemáme, není tedy co odvolat.",
	expired:            "Platnost vašeho souhlasu vypršela, vaše kontaktní údaje byly proto smazány.",
	alreadyGranted:     "Váš souhlas už máme. V části Soukromí ho můžete kdykoli odvolat.",
	askedAnew:          "Od vašeho souhlasu se změnilo, kdo údaje dostane nebo o které údaje jde, proto se ptám znovu.",
	noCollection:       "Tento chat nesbírá kontaktní údaje.",
	noNotice:           "V tomto jazyce teď nemohu požádat o souhlas, kontaktní údaje proto nesbírám.",
	grantedNoted:       "Děkuji, váš souhlas je zaznamenán.",
	declinedNoted:      "Rozumím, nic neukládám. Můžeme si povídat dál.",
	corrected:          "Kontaktní údaje byly opraveny:",
	restricted:         "Zpracování vašich kontaktních údajů je omezeno: uchováváme je, ale nepoužíváme.",
	freed:              "Zpracování vašich kontaktních údajů už není omezeno.",
	outlived:           "Doba uchování vašich kontaktních údajů uplynula, byly proto smazány.",
	age:                "Než požádám o souhlas: kolik je vám let?",
	ageReached:         "Je mi %d nebo více",
	ageUnder:           "Je mi méně než %d",
	tooYoung:           "Děkuji. Kontaktní údaje tedy neuložím, na dotazy ale ochotně odpovím.",
	hints: map[string]string{
		hintNoAt:      "V adrese chybí znak @.",
		hintNoDot:     "Za znakem @ chybí tečka, jako v „.cz“.",
		hintSpace:     "V adrese je mezera.",
		hintTooShort:  "To číslo je příliš krátké.",
		hintTooLong:   "To číslo je příliš dlouhé.",
		hintTooLow:    "To číslo je příliš malé.",
		hintTooHigh:   "To číslo je příliš velké.",
		hintDate:      "Například: 24.12.2026.",
		hintManyFound: "Uveďte prosím jen jednu hodnotu.",
	},
	grant:   []string{"souhlasím", "souhlasim", "ano, souhlasím", "ano, souhlasim", "dávám souhlas"},
	decline: []string{"nesouhlasím", "nesouhlasim", "ne", "ne, děkuji", "ne, dekuji", "nedávám souhlas", "odmítám"},
}
