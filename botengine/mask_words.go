package botengine

import "strings"

// A role is what a word can mean in a line with contact details.
type role uint32

const (
	roleAt        role = 1 << iota // stands for @ and means nothing else
	roleWeakAt                     // stands for @, and is a common word too
	roleDot                        // stands for the dot of an address
	roleJoin                       // stands for - _ + in an address
	roleTLD                        // a top-level domain
	roleSureTLD                    // one that is no word
	roleProvider                   // a host that many people have mail at
	roleNoLocal                    // stands before a weak "at" in an ordinary sentence
	roleOffice                     // a local part that every firm has
	roleMailTalk                   // says that an address follows
	roleHandle                     // says that a name with @ is one of a social network
	roleSign                       // "sign" in "at sign"
	roleAnd                        // may stand between the groups of a number
	rolePhoneTalk                  // says that a phone number follows
	roleGlue                       // may stand between such a word and the number
	roleCopula                     // "is", between a number and what it is
	roleUnit                       // after a number: a price, a measure, a quantity
	roleFile                       // the end of a file's name
)

// words of all languages stand together: people write one language on a site of
// another. They are written as fold gives them: small, without diacritics.
var words = map[role]string{
	roleAt:     "malpa malpka malpy malpe zavinac zavinacek zavinace klammeraffe affenschwanz snek arroba atsign",
	roleWeakAt: "at bei aet",
	roleDot:    "kropka kropeczka dot d0t punkt tecka bod point period stop",
	roleJoin: "podkreslnik podkreslenie podkreslnikiem podloga underscore unterstrich podtrzitko " +
		"myslnik minus kreska dash hyphen bindestrich strich pomlcka plus",
	roleTLD: "pl com net org eu de at ch cz sk uk co io me info biz fr it es nl be lu dk se no fi ie us ca au nz pt hu ro " +
		"bg hr si ee lv lt ua by ru tr gr li int edu gov mil name pro app dev online shop store site xyz tech cloud blog kom example",
	roleSureTLD: "com net org eu pl de cz sk uk",
	roleProvider: "gmail googlemail outlook hotmail live msn yahoo icloud proton protonmail gmx web online freenet posteo mailbox " +
		"arcor wp onet op o2 interia poczta vp tlen gazeta buziaczek int seznam centrum atlas email volny post aol mail azet zoznam " +
		"btinternet sky talktalk tiscali quick magenta fastmail tutanota",
	roleNoLocal: "it them me us him her you look looked looking is was were am are been be shop buy bought order ordered saw seen " +
		"available sold store website visit here there home found find got get prices work not only stuff this that these those one " +
		"look's arrived stay stayed meet met read check checked out up now open working again good best of",
	roleOffice: "info kontakt contact office biuro buero buro sales hello mail support sklep post kancelar obchod poczta recepcja " +
		"rezeption reception service serwis servis admin team sekretariat bestellung firma",
	roleMailTalk: "mail mails mailto email emails mejl maila mailem mailik e adres adresem address adresse adresa napisz napiszcie pisz piszcie " +
		"write reach schick schicken schreib schreiben schreibt send sende poslete poslat posilejte napiste pis piste wyslij wyslac contact",
	roleHandle: "insta instagram instagramie ig tiktok tik twitter fb facebook follow folgt sledujte obserwuje obserwuj x threads",
	roleSign:   "sign symbol znak zeichen malpy",
	roleAnd:    "i a und and potem potom dann then oraz",
	rolePhoneTalk: "tel telefon telefonu telefonie telefonicznie telefonnummer telefonni telefonne phone phones mobile mobil mobilni mobilnummer " +
		"mobilu mob cell cellphone kom komorka komorke komorkowy handy handynummer fax faks ph call calls ring dial text sms whatsapp " +
		"zadzwon zadzwonic dzwon dzwoncie dzwonic oddzwon oddzwoncie ruf rufen rufe anruf anrufen ruckruf erreichbar erreichen " +
		"volejte volej zavolejte zavolej brnknete brnkni vytocte wahlen numer numerem numerze number numbers nummer nummern rufnummer cislo cisle cislem " +
		"landline festnetz stacjonarny stacjonarne pevna infolinia digits signal viber",
	roleGlue: "nr no num numer number nummer cislo c id to is ist je lautet my moje moj mein meine me mein mojego mojej nas nase unser our " +
		"na pod unter an mich dich sie uns nas auf at on o ten tento das die der the z do m t s prosze please bitte prosim mnie mi",
	roleCopula: "to is ist je jest byl war was",
	roleUnit: "zl zloty zlotych zlote groszy gr pln eur euro euros usd gbp chf kc czk korun koruny dolarow dollars dollar pounds pound quid funtow " +
		"kg g dkg t km m cm mm ml l w kw kwh v hz ghz mhz k lm mah gb mb tb km2 m2 m3 kmh px dpi ps km's hp atm " +
		"szt sztuk sztuki ks kus kusu kusy stk stuck stueck pcs pieces units people osob osoby personen lidi tys mln mld mio mrd million " +
		"millions milion milionow tysiecy tysiace tysiac tisic tausend thousand procent percent prozent dni tage days hodin godzin stunden stopni grad",
	roleFile: "jpg jpeg png gif pdf doc docx xls xlsx zip mp4 mov heic txt csv",
}

// wordRoles has the roles of every word.
var wordRoles = func() map[string]role {
	roles := map[string]role{}
	for r, list := range words {
		for _, w := range strings.Fields(list) {
			roles[w] |= r
		}
	}
	return roles
}()

// otherNumbers begin words that say a number is no phone number: an order, an
// invoice, an account. A whole word is marked by a dot.
var otherNumbers = stems("zamowieni faktur paczk przesyl przewozow nip. regon. pesel. krs. klient kont. konto. konta. kontu. kontonum rachun order invoice parcel tracking " +
	"account acc. ticket ref. refer customer isbn. issn. ean. sku. asin. bestell rechnung auftrag kunden kd. sendung paket dhl. artikel artyku art. vertrag " +
	"vorgang objedn obj. fakt zasil ucet uctu ucte ic. ico. dic. variabiln symbol vs. ss. ks. smlouv rezerw rezerv reserv booking reklam polis policy claim case. " +
	"serial seri seryj sn. index indeks katalog catalog model kod kod. kody code codes coupon voucher gutschein kupon aktion bilet listek licen lizen imei. vin. " +
	"part. item teile zahler zaehler meter. licznik elektrom sarz invent ev. umow spraw zglosz sygnatur matrikel mitglied versich steuer ust. vat. utr. nhs. ni. " +
	"sort. dowod paszport passport pass. obcan op. pas. rodn rc. reisepass charge los. losnum gerat geraet geschaft aktenz az. pzn. wkn. blz. plz. psc. zip. " +
	"bauantr grundst modell zak. zakaz zakazn pojist barcode kreskow carov zboz artikl vyrob vyrobn hrb. krankenk sozialv personalausw karta karte karty card " +
	"iban. bic. swift. ppe. mpan. parcel promo rabat lot. flight flug let. bus. dzialk proform paragon seats quote utl kw. norm dz. poz. gps. wspolrz ip. " +
	"ustid steuerid produkt product article loteri lotto sportk")

// A stemSet finds words by how they begin.
type stemSet struct {
	whole map[string]bool
	begin map[string][]string // by the first two letters
}

func stems(list string) stemSet {
	set := stemSet{map[string]bool{}, map[string][]string{}}
	for _, w := range strings.Fields(list) {
		if whole, ok := strings.CutSuffix(w, "."); ok {
			set.whole[whole] = true
		} else {
			set.begin[w[:2]] = append(set.begin[w[:2]], w)
		}
	}
	return set
}

func (set stemSet) has(word string) bool {
	if len(word) < 2 {
		return false
	}
	if set.whole[word] {
		return true
	}
	for _, stem := range set.begin[word[:2]] {
		if strings.HasPrefix(word, stem) {
			return true
		}
	}
	return false
}
