import type { PrivacyWords } from './words';

const words: PrivacyWords = {
  back: 'Zpět do konverzace',
  none: 'O žádný souhlas jsme zatím nežádali a vaše kontaktní údaje nemáme.',
  purposes: 'Vaše souhlasy',
  held: 'Uchováváme: {what}.',
  policy: 'Zásady ochrany osobních údajů',
  withdraw: 'Odvolat souhlas',
  withdrawAll: 'Odvolat všechny souhlasy',
  change: 'Změnit volbu',
  receipt: 'Stáhnout potvrzení o mých odpovědích',
  data: 'Stáhnout moje údaje',
  fileComing: 'Připravuji soubor…',
  fileDone: 'Soubor najdete mezi staženými.',
  fileLater: 'Soubor se teď nepodařilo připravit. Zkuste to za chvíli znovu.',
  erase: 'Vymazat moje údaje',
  eraseWhat: 'Vymažeme konverzaci, souhlasy i kontaktní údaje. Nejde to vzít zpět.',
  eraseYes: 'Vymazat vše',
  cancel: 'Zrušit',
  status: {
    granted: 'Souhlas udělen {at}',
    declined: 'Odmítnuto {at}',
    withdrawn: 'Odvoláno {at}',
    expired: 'Platnost skončila {at}',
    requested: 'Čeká na vaši odpověď',
    deferred: 'Bez odpovědi',
    not_required: 'Souhlas není potřeba',
    '': 'Nežádali jsme',
  },
  field: { name: 'jméno', email: 'e-mail', phone: 'telefonní číslo' },
};

export default words;
