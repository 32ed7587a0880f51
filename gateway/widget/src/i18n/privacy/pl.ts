import type { PrivacyWords } from './words';

const words: PrivacyWords = {
  back: 'Wróć do rozmowy',
  none: 'Nie pytaliśmy jeszcze o żadną zgodę i nie mamy Twoich danych kontaktowych.',
  purposes: 'Twoje zgody',
  held: 'Przechowujemy: {what}.',
  policy: 'Polityka prywatności',
  withdraw: 'Wycofaj zgodę',
  withdrawAll: 'Wycofaj wszystkie zgody',
  change: 'Zmień wybór',
  receipt: 'Pobierz potwierdzenie moich odpowiedzi',
  data: 'Pobierz moje dane',
  fileComing: 'Przygotowuję plik…',
  fileDone: 'Plik jest w pobranych.',
  fileLater: 'Teraz nie udało się przygotować pliku. Spróbuj ponownie za chwilę.',
  erase: 'Usuń moje dane',
  eraseWhat: 'Usuniemy rozmowę, zgody i dane kontaktowe. Tego nie da się cofnąć.',
  eraseYes: 'Usuń wszystko',
  cancel: 'Anuluj',
  status: {
    granted: 'Zgoda udzielona {at}',
    declined: 'Odmowa {at}',
    withdrawn: 'Zgoda wycofana {at}',
    expired: 'Zgoda wygasła {at}',
    requested: 'Czeka na Twoją odpowiedź',
    deferred: 'Bez odpowiedzi',
    not_required: 'Zgoda nie jest wymagana',
    '': 'Nie pytano',
  },
  field: { name: 'imię', email: 'adres e-mail', phone: 'numer telefonu' },
};

export default words;
