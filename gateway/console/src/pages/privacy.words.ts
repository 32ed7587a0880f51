import type { Texts } from '../language';

export interface PrivacyWords {
  title: string;
  intro: string;
  revision: string;
  file: string;
  controller: string;
  controllerText: string;
  name: string;
  address: string;
  contact: string;
  contactHint: string;
  dpo: string;
  dpoHint: string;
  policy: string;
  policyText: string;
  policyAll: string;
  policyFor: string;
  asking: string;
  require: string;
  requireText: string;
  requireOff: string;
  mode: string;
  separate: string;
  bundled: string;
  modeText: string;
  purposes: string;
  purpose: Record<string, string>;
  valid: string;
  validHint: string;
  fields: string;
  field: Record<string, string>;
  recipients: string;
  recipientsHint: string;
  noRecipients: string;
  storage: string;
  storageHint: string;
  contactDays: string;
  proofDays: string;
  reask: string;
  age: string;
  ageHint: string;
  preview: string;
  language: string;
  problems: string;
  warnings: string;
  anew: string;
  save: string;
  reset: string;
  saved: string;
  conflict: string;
  reload: string;
  readOnly: string;
  revisions: string;
  changes: string;
  noChanges: string;
  look: string;
  restore: string;
  accept: string;
  decline: string;
  confirm: string;
  confirmText: string;
  off: string;
}

export const privacyWords: Texts<PrivacyWords> = {
  en: {
    title: 'Privacy',
    intro: 'Who is responsible, what visitors are asked, and what for. A change is a new revision with your name on it, in force on every gateway within seconds.',
    revision: 'Revision {n} in force, by {who}',
    file: 'the site’s file',
    controller: 'Controller',
    controllerText: 'The owner of the website, who decides about the data. While name, address or contact is missing, no contacts are collected.',
    name: 'Full name',
    address: 'Postal address',
    contact: 'Contact for questions about data',
    contactHint: 'An e-mail address or an https:// page.',
    dpo: 'Data protection officer',
    dpoHint: 'Leave it empty where there is none.',
    policy: 'Privacy policy',
    policyText: 'The consent card links to it. Without a link it points to the information about data in the chat window, which is made from this page.',
    policyAll: 'For all languages',
    policyFor: 'For {language} alone',
    asking: 'Asking',
    require: 'Ask for consent before anything is collected',
    requireText: 'Nothing is asked, taken or kept before the visitor agrees.',
    requireOff: 'Visitors are shown a notice in place of a question. Their contacts can never be used for marketing, and who declined before stays declined.',
    mode: 'How purposes are asked for',
    separate: 'One question for each purpose (recommended)',
    bundled: 'One question for all of them',
    modeText: 'One question for everything is the weaker proof of a free choice.',
    purposes: 'What for',
    purpose: { lead_contact: 'Answering the enquiry', marketing_email: 'Offers by e-mail', marketing_phone: 'Offers by phone', marketing_sms: 'Offers by text message' },
    valid: 'Consent ends after days ({purpose})',
    validHint: 'Empty: it does not end by itself.',
    fields: 'What may be asked for',
    field: { name: 'Name', email: 'E-mail', phone: 'Phone' },
    recipients: 'Who else receives the data, one on a line',
    recipientsHint: 'Beside the owner and whoever runs the chat. Leave it empty where nobody does.',
    noRecipients: 'Nobody has said yet who else receives the data; until then no contacts are collected.',
    storage: 'Where data are kept, one on a line',
    storageHint: 'Countries or regions, as receipts of consent say it.',
    contactDays: 'Contacts are kept for days',
    proofDays: 'The proof of an answer is kept for days',
    reask: 'After a no the bot does not ask again for days',
    age: 'Ask everybody first whether they are this old',
    ageHint: '13 to 18; empty: nobody is asked.',
    preview: 'What visitors are shown',
    language: 'Language',
    problems: 'This cannot be saved as it is',
    warnings: 'To know',
    anew: 'Who gets the data changes: visitors who agreed before are asked anew at their next visit, and until then nothing more is collected from them.',
    save: 'Save as a new revision',
    reset: 'Undo my changes',
    saved: 'Revision {n} is in force.',
    conflict: 'Somebody else has saved a revision meanwhile.',
    reload: 'Show theirs',
    readOnly: 'Only administrators can change something here.',
    revisions: 'Revisions',
    changes: 'Changes',
    noChanges: 'Nothing is changed yet.',
    look: 'Look at revision {n}',
    restore: 'Put this into the form',
    accept: 'Agree',
    decline: 'Decline',
    confirm: 'Save and ask anew?',
    confirmText: 'Everybody who agreed before is asked again.',
    off: 'Lead collection is off',
  },
  pl: {
    title: 'Prywatność',
    intro: 'Kto odpowiada za dane, o co pytamy odwiedzających i po co. Zmiana to nowa wersja z Twoim imieniem, w kilka sekund obowiązuje na wszystkich bramkach.',
    revision: 'Obowiązuje wersja {n}, autor: {who}',
    file: 'plik strony',
    controller: 'Administrator danych',
    controllerText: 'Właściciel strony, który decyduje o danych. Dopóki brakuje nazwy, adresu lub kontaktu, nie zbieramy kontaktów.',
    name: 'Pełna nazwa',
    address: 'Adres pocztowy',
    contact: 'Kontakt w sprawie danych',
    contactHint: 'Adres e-mail albo strona https://.',
    dpo: 'Inspektor ochrony danych',
    dpoHint: 'Zostaw puste, jeśli go nie ma.',
    policy: 'Polityka prywatności',
    policyText: 'Prowadzi do niej karta zgody. Bez linku karta wskazuje informację o danych w oknie czatu, złożoną z tej strony.',
    policyAll: 'Dla wszystkich języków',
    policyFor: 'Tylko dla języka: {language}',
    asking: 'Pytanie',
    require: 'Pytaj o zgodę, zanim cokolwiek zbierzesz',
    requireText: 'Zanim odwiedzający się zgodzi, o nic nie pytamy, nic nie bierzemy i nic nie zapisujemy.',
    requireOff: 'Zamiast pytania odwiedzający widzą informację. Ich kontaktów nigdy nie wolno użyć w marketingu, a wcześniejsza odmowa pozostaje odmową.',
    mode: 'Jak pytać o cele',
    separate: 'Osobne pytanie o każdy cel (zalecane)',
    bundled: 'Jedno pytanie o wszystkie',
    modeText: 'Jedno pytanie o wszystko słabiej dowodzi wolnego wyboru.',
    purposes: 'Po co',
    purpose: { lead_contact: 'Odpowiedź na zapytanie', marketing_email: 'Oferty e-mailem', marketing_phone: 'Oferty telefonicznie', marketing_sms: 'Oferty SMS-em' },
    valid: 'Zgoda wygasa po dniach ({purpose})',
    validHint: 'Puste: nie wygasa sama.',
    fields: 'O co wolno pytać',
    field: { name: 'Imię i nazwisko', email: 'E-mail', phone: 'Telefon' },
    recipients: 'Kto jeszcze otrzymuje dane, po jednym w wierszu',
    recipientsHint: 'Oprócz właściciela i operatora czatu. Zostaw puste, jeśli nikt.',
    noRecipients: 'Nikt jeszcze nie podał, kto jeszcze otrzymuje dane; do tego czasu nie zbieramy kontaktów.',
    storage: 'Gdzie przechowujemy dane, po jednym w wierszu',
    storageHint: 'Kraje lub regiony, tak jak w potwierdzeniach zgody.',
    contactDays: 'Kontakty przechowujemy przez dni',
    proofDays: 'Dowód odpowiedzi przechowujemy przez dni',
    reask: 'Po odmowie bot nie pyta ponownie przez dni',
    age: 'Najpierw pytaj wszystkich, czy mają tyle lat',
    ageHint: 'Od 13 do 18; puste: nie pytamy.',
    preview: 'Co zobaczą odwiedzający',
    language: 'Język',
    problems: 'W tej postaci nie można zapisać',
    warnings: 'Warto wiedzieć',
    anew: 'Zmienia się to, kto dostaje dane: osoby, które już się zgodziły, zapytamy ponownie przy następnej wizycie, a do tego czasu nic więcej od nich nie zbierzemy.',
    save: 'Zapisz jako nową wersję',
    reset: 'Cofnij moje zmiany',
    saved: 'Obowiązuje wersja {n}.',
    conflict: 'Ktoś inny zapisał w międzyczasie nową wersję.',
    reload: 'Pokaż ją',
    readOnly: 'Zmiany mogą tu wprowadzać tylko administratorzy.',
    revisions: 'Wersje',
    changes: 'Zmiany',
    noChanges: 'Nic jeszcze nie zmieniono.',
    look: 'Pokaż wersję {n}',
    restore: 'Wstaw do formularza',
    accept: 'Zgadzam się',
    decline: 'Nie zgadzam się',
    confirm: 'Zapisać i zapytać ponownie?',
    confirmText: 'Każdy, kto się wcześniej zgodził, zostanie zapytany ponownie.',
    off: 'Zbieranie kontaktów jest wyłączone',
  },
};
