import type { PrivacyWords } from './words';

const words: PrivacyWords = {
  back: 'Zurück zur Unterhaltung',
  none: 'Wir haben noch nicht um eine Einwilligung gebeten und haben keine Kontaktdaten von Ihnen.',
  purposes: 'Ihre Einwilligungen',
  held: 'Wir speichern: {what}.',
  policy: 'Datenschutzerklärung',
  withdraw: 'Einwilligung widerrufen',
  withdrawAll: 'Alle Einwilligungen widerrufen',
  change: 'Auswahl ändern',
  receipt: 'Bestätigung meiner Antworten herunterladen',
  data: 'Meine Daten herunterladen',
  fileComing: 'Die Datei wird vorbereitet …',
  fileDone: 'Die Datei liegt in Ihren Downloads.',
  fileLater: 'Die Datei konnte gerade nicht erstellt werden. Bitte versuchen Sie es gleich noch einmal.',
  erase: 'Meine Daten löschen',
  eraseWhat: 'Wir löschen Unterhaltung, Einwilligungen und Kontaktdaten. Das lässt sich nicht rückgängig machen.',
  eraseYes: 'Alles löschen',
  cancel: 'Abbrechen',
  status: {
    granted: 'Eingewilligt am {at}',
    declined: 'Abgelehnt am {at}',
    withdrawn: 'Widerrufen am {at}',
    expired: 'Abgelaufen am {at}',
    requested: 'Wartet auf Ihre Antwort',
    deferred: 'Nicht beantwortet',
    not_required: 'Keine Einwilligung nötig',
    '': 'Nicht gefragt',
  },
  field: { name: 'Name', email: 'E-Mail-Adresse', phone: 'Telefonnummer' },
};

export default words;
