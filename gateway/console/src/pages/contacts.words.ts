import type { Texts } from '../language';

export interface ContactsWords {
  title: string;
  overview: string;
  audit: string;
  exports: string;
  purpose: Record<string, string>;
  status: Record<string, string>;
  allStatuses: string;
  filterPurpose: string;
  filterStatus: string;
  visitors: { one: string; few?: string; many?: string; other: string };
  asOf: string;
  find: string;
  findHint: string;
  findButton: string;
  found: { one: string; few?: string; many?: string; other: string };
  clear: string;
  person: string;
  contact: string;
  consents: string;
  firstSeen: string;
  noContact: string;
  hidden: string;
  restricted: string;
  more: string;
  nobody: string;
  open: string;
  listOf: string;
  listText: string;
  download: string;
  field: Record<string, string>;
  back: string;
  since: string;
  until: string;
  under: string;
  noConsentNeeded: string;
  erased: string;
  history: string;
  historyText: string;
  shown: string;
  hideText: string;
  kind: Record<string, string>;
  by: Record<string, string>;
  method: Record<string, string>;
  verified: string;
  actions: string;
  withdraw: string;
  withdrawText: string;
  withdrawAll: string;
  correct: string;
  correctText: string;
  restrict: string;
  restrictText: string;
  free: string;
  freeText: string;
  erase: string;
  eraseText: string;
  eraseWord: string;
  eraseType: string;
  reason: string;
  reasonHint: string;
  done: string;
  receipt: string;
  receiptNone: string;
  accessJSON: string;
  accessPage: string;
  officerOnly: string;
  when: string;
  who: string;
  what: string;
  whom: string;
  people: string;
  why: string;
  noAudit: string;
  action: Record<string, string>;
}

const fields = {
  en: { name: 'Name', email: 'E-mail', phone: 'Phone' },
  pl: { name: 'Imię i nazwisko', email: 'E-mail', phone: 'Telefon' },
};

export const contactsWords: Texts<ContactsWords> = {
  en: {
    title: 'Contacts',
    overview: 'Overview',
    audit: 'Who did what',
    exports: 'Marketing lists',
    purpose: { lead_contact: 'Enquiry', marketing_email: 'Offers by e-mail', marketing_phone: 'Offers by phone', marketing_sms: 'Offers by text message' },
    status: {
      granted: 'Agreed', declined: 'Declined', withdrawn: 'Withdrawn', expired: 'Run out', deferred: 'Not answered', requested: 'Being asked',
      not_asked: 'Not asked', erased: 'Erased',
    },
    allStatuses: 'Everybody',
    filterPurpose: 'What for',
    filterStatus: 'Answer',
    visitors: { one: '{n} visitor', other: '{n} visitors' },
    asOf: 'As of {time}',
    find: 'Find a person',
    findHint: 'A whole e-mail address or phone number. That you looked is recorded, the address is not.',
    findButton: 'Find',
    found: { one: '{n} person has this address', other: '{n} people have this address' },
    clear: 'Show all again',
    person: 'Person',
    contact: 'Contact',
    consents: 'Consents',
    firstSeen: 'First seen',
    noContact: 'No contact is kept',
    hidden: 'Contact details are for privacy officers and administrators.',
    restricted: 'Restricted',
    more: 'Show more',
    nobody: 'Nobody here.',
    open: 'Open',
    listOf: 'Who may be written to now',
    listText: 'Only people whose consent for this very channel is in force, who did not object, and whose contact is not restricted. Fetch a new list each time: what is withdrawn later is not in an old file.',
    download: 'Download CSV',
    field: fields.en,
    back: 'All contacts',
    since: 'since {time}',
    until: 'until {time}',
    under: 'Kept under the consent of {time}',
    noConsentNeeded: 'Kept without a consent, by the owner’s setting. It is on no marketing list.',
    erased: 'Erased on {time}. What is left is the proof that consent was asked for and ended.',
    history: 'Consent history',
    historyText: 'Every question and answer with the very text that was shown.',
    shown: 'Show the text',
    hideText: 'Hide the text',
    kind: {
      requested: 'Asked', granted: 'Agreed', declined: 'Declined', deferred: 'Not answered', withdrawn: 'Withdrawn', expired: 'Run out', erased: 'Erased',
    },
    by: { visitor: 'the visitor', system: 'the chat', operator: 'an operator', command: 'an administrator’s command' },
    method: { button: 'by the button', phrase: 'in words', widget: 'in the chat window', command: 'by command', timer: 'by time' },
    verified: 'Chain of the ledger: {hash}',
    actions: 'On the person’s request',
    withdraw: 'Withdraw consent',
    withdrawText: 'The contact is deleted when the consent to the enquiry ends, and with it every other. The chat tells the visitor.',
    withdrawAll: 'Everything',
    correct: 'Correct details',
    correctText: 'Give new values for a person who asked for it. The chat shows the visitor that something was corrected.',
    restrict: 'Restrict use',
    restrictText: 'The contact is kept and nobody uses it (GDPR art. 18).',
    free: 'Lift the restriction',
    freeText: 'Tell the person before you use the contact again (GDPR art. 18(3)).',
    erase: 'Erase the person',
    eraseText: 'The conversation, the contact and the details are deleted and overwritten, here and in every open chat window. A proof without personal details stays. This cannot be undone.',
    eraseWord: 'erase',
    eraseType: 'Type “{word}” to go on',
    reason: 'Why',
    reasonHint: 'For the record. No personal data here.',
    done: 'Done. The contact store has it.',
    receipt: 'Receipt (signed)',
    receiptNone: 'This visitor was asked nothing, so there is no receipt.',
    accessJSON: 'All that is held (JSON)',
    accessPage: 'All that is held (page)',
    officerOnly: 'Only privacy officers can change something here.',
    when: 'When',
    who: 'Who',
    what: 'What',
    whom: 'About',
    people: 'People',
    why: 'Why',
    noAudit: 'Nothing is recorded yet.',
    action: {
      'contacts.listed': 'Looked at a list', 'contacts.marketing': 'Fetched a marketing list', 'contact.read': 'Looked at a person', 'contact.sought': 'Searched for an address',
      'proof.read': 'Read the proof', 'contact.restricted': 'Restricted', 'contact.freed': 'Lifted a restriction', 'marketing.objected': 'Entered an objection',
      'ledgers.purged': 'Old proofs were removed', 'visitors.buried': 'Repeated erasures after a restore', 'records.lost': 'Records were lost', 'contact.corrected': 'Corrected',
      'consent.withdrawn': 'Withdrew consent', 'contact.restrict_asked': 'Asked for a restriction', 'contact.unrestrict_asked': 'Asked to lift a restriction', 'visitor.erased': 'Erased',
    },
  },
  pl: {
    title: 'Kontakty',
    overview: 'Przegląd',
    audit: 'Kto co zrobił',
    exports: 'Listy marketingowe',
    purpose: { lead_contact: 'Zapytanie', marketing_email: 'Oferty e-mailem', marketing_phone: 'Oferty telefonicznie', marketing_sms: 'Oferty SMS-em' },
    status: {
      granted: 'Zgoda', declined: 'Odmowa', withdrawn: 'Wycofana', expired: 'Wygasła', deferred: 'Bez odpowiedzi', requested: 'Pytanie trwa',
      not_asked: 'Nie pytano', erased: 'Usunięto dane',
    },
    allStatuses: 'Wszyscy',
    filterPurpose: 'Cel',
    filterStatus: 'Odpowiedź',
    visitors: { one: '{n} osoba', few: '{n} osoby', many: '{n} osób', other: '{n} osoby' },
    asOf: 'Stan na {time}',
    find: 'Znajdź osobę',
    findHint: 'Cały adres e-mail albo numer telefonu. Zapisujemy, że szukano, ale nie czego.',
    findButton: 'Szukaj',
    found: { one: 'Ten adres ma {n} osoba', few: 'Ten adres mają {n} osoby', many: 'Ten adres ma {n} osób', other: 'Ten adres ma {n} osoby' },
    clear: 'Pokaż wszystkich',
    person: 'Osoba',
    contact: 'Kontakt',
    consents: 'Zgody',
    firstSeen: 'Pierwsza wizyta',
    noContact: 'Nie przechowujemy kontaktu',
    hidden: 'Dane kontaktowe widzą inspektorzy danych i administratorzy.',
    restricted: 'Ograniczone',
    more: 'Pokaż więcej',
    nobody: 'Nikogo tu nie ma.',
    open: 'Otwórz',
    listOf: 'Do kogo wolno teraz pisać',
    listText: 'Tylko osoby, których zgoda na ten właśnie kanał obowiązuje, które nie wniosły sprzeciwu i których kontakt nie jest ograniczony. Za każdym razem pobierz nową listę: w starym pliku nie ma późniejszych wycofań.',
    download: 'Pobierz CSV',
    field: fields.pl,
    back: 'Wszystkie kontakty',
    since: 'od {time}',
    until: 'do {time}',
    under: 'Przechowywany na podstawie zgody z {time}',
    noConsentNeeded: 'Przechowywany bez zgody, zgodnie z ustawieniem właściciela. Nie ma go na żadnej liście marketingowej.',
    erased: 'Usunięto {time}. Został dowód, że o zgodę zapytano i że się skończyła.',
    history: 'Historia zgód',
    historyText: 'Każde pytanie i każda odpowiedź z dokładnym tekstem, który pokazano.',
    shown: 'Pokaż tekst',
    hideText: 'Ukryj tekst',
    kind: {
      requested: 'Zapytano', granted: 'Zgoda', declined: 'Odmowa', deferred: 'Bez odpowiedzi', withdrawn: 'Wycofanie', expired: 'Wygaśnięcie', erased: 'Usunięcie danych',
    },
    by: { visitor: 'odwiedzający', system: 'czat', operator: 'operator', command: 'polecenie administratora' },
    method: { button: 'przyciskiem', phrase: 'słowami', widget: 'w oknie czatu', command: 'poleceniem', timer: 'z upływem czasu' },
    verified: 'Łańcuch rejestru: {hash}',
    actions: 'Na żądanie tej osoby',
    withdraw: 'Wycofaj zgodę',
    withdrawText: 'Z końcem zgody na zapytanie kontakt jest usuwany, a z nim kończą się pozostałe zgody. Czat powiadomi odwiedzającego.',
    withdrawAll: 'Wszystkie',
    correct: 'Popraw dane',
    correctText: 'Wpisz nowe wartości dla osoby, która o to prosi. Czat pokaże odwiedzającemu, że coś poprawiono.',
    restrict: 'Ogranicz użycie',
    restrictText: 'Kontakt zostaje i nikt go nie używa (art. 18 RODO).',
    free: 'Znieś ograniczenie',
    freeText: 'Zanim znów użyjesz kontaktu, powiadom tę osobę (art. 18 ust. 3 RODO).',
    erase: 'Usuń dane osoby',
    eraseText: 'Rozmowa, kontakt i szczegóły zostaną usunięte i nadpisane, tu i w każdym otwartym oknie czatu. Zostanie dowód bez danych osobowych. Tego nie da się cofnąć.',
    eraseWord: 'usuń',
    eraseType: 'Aby kontynuować, wpisz „{word}”',
    reason: 'Dlaczego',
    reasonHint: 'Do rejestru. Bez danych osobowych.',
    done: 'Gotowe. Baza kontaktów już to ma.',
    receipt: 'Potwierdzenie (podpisane)',
    receiptNone: 'Tego odwiedzającego o nic nie pytano, więc nie ma potwierdzenia.',
    accessJSON: 'Wszystko, co mamy (JSON)',
    accessPage: 'Wszystko, co mamy (strona)',
    officerOnly: 'Zmiany mogą tu wprowadzać tylko inspektorzy danych.',
    when: 'Kiedy',
    who: 'Kto',
    what: 'Co',
    whom: 'Kogo dotyczy',
    people: 'Osób',
    why: 'Dlaczego',
    noAudit: 'Nic jeszcze nie zapisano.',
    action: {
      'contacts.listed': 'Obejrzenie listy', 'contacts.marketing': 'Pobranie listy marketingowej', 'contact.read': 'Obejrzenie osoby', 'contact.sought': 'Szukanie adresu',
      'proof.read': 'Odczyt dowodu', 'contact.restricted': 'Ograniczenie', 'contact.freed': 'Zniesienie ograniczenia', 'marketing.objected': 'Wpisanie sprzeciwu',
      'ledgers.purged': 'Usunięcie starych dowodów', 'visitors.buried': 'Powtórzenie usunięć po odtworzeniu', 'records.lost': 'Utrata zapisów', 'contact.corrected': 'Poprawienie',
      'consent.withdrawn': 'Wycofanie zgody', 'contact.restrict_asked': 'Żądanie ograniczenia', 'contact.unrestrict_asked': 'Żądanie zniesienia ograniczenia', 'visitor.erased': 'Usunięcie danych',
    },
  },
};
