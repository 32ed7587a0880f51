package site

// An Authority is the supervisory authority a visitor can complain to.
type Authority struct {
	Name string `json:"name"`
	URL  string `json:"url,omitzero"`
}

// authorities are the defaults by country. Germany has none: the authority
// depends on the federal state of the controller's seat, so the panel names the
// rule unless the site names the authority.
var authorities = map[string]Authority{
	"AT": {"Österreichische Datenschutzbehörde", "https://dsb.gv.at"},
	"CZ": {"Úřad pro ochranu osobních údajů", "https://uoou.gov.cz"},
	"FR": {"Commission Nationale de l'Informatique et des Libertés (CNIL)", "https://www.cnil.fr"},
	"IE": {"Data Protection Commission", "https://www.dataprotection.ie"},
	"PL": {"Prezes Urzędu Ochrony Danych Osobowych", "https://uodo.gov.pl"},
	"SK": {"Úrad na ochranu osobných údajov Slovenskej republiky", "https://dataprotection.gov.sk"},
}
