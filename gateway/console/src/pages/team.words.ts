import type { Texts } from '../language';
import type { Role } from '../api';

export interface TeamWords {
  title: string;
  intro: string;
  name: string;
  login: string;
  roles: string;
  state: string;
  actions: string;
  you: string;
  online: string;
  offline: string;
  disabled: string;
  empty: string;
  role: Record<Role, string>;
  roleText: Record<Role, string>;
  invite: string;
  inviteText: string;
  loginHint: string;
  firstRole: string;
  makeLink: string;
  linkTitle: string;
  linkText: string;
  copy: string;
  copied: string;
  until: string;
  changeRoles: string;
  rolesOf: string;
  noRoles: string;
  reset: string;
  resetText: string;
  disable: string;
  disableText: string;
  enable: string;
  saved: string;
  menu: string;
  again: string;
}

export const teamWords: Texts<TeamWords> = {
  en: {
    title: 'Team',
    intro: 'Who answers on this site, who looks after contacts, and who decides about both.',
    name: 'Name',
    login: 'Login',
    roles: 'Roles',
    state: 'State',
    actions: 'Actions',
    you: 'you',
    online: 'Here now',
    offline: 'Not here',
    disabled: 'Disabled',
    empty: 'Nobody works on this site yet.',
    role: { operator: 'Operator', administrator: 'Administrator', privacy_officer: 'Privacy officer' },
    roleText: {
      operator: 'Answers visitors. Sees contact details only in conversations, and only with consent.',
      administrator: 'Invites people, changes the site’s privacy settings, and answers visitors.',
      privacy_officer: 'Sees, corrects, restricts and erases contacts on request. Every look is recorded.',
    },
    invite: 'Invite somebody',
    inviteText: 'You get a link that works once, for a day. Send it to the person by a way you trust: whoever opens it chooses the password.',
    loginHint: 'A short name or an e-mail address to sign in with. Visitors never see it.',
    firstRole: 'First role',
    makeLink: 'Make the link',
    linkTitle: 'The link for {login}',
    linkText: 'It is shown only now. It works once.',
    copy: 'Copy',
    copied: 'Copied',
    until: 'Good until {time}',
    changeRoles: 'Change roles',
    rolesOf: 'Roles of {name}',
    noRoles: 'Without a role {name} leaves this site. The account stays.',
    reset: 'New password link',
    resetText: 'The link lets {name} choose a new password. Until then the old one works.',
    disable: 'Disable account',
    disableText: '{name} is signed out everywhere within seconds, on every site, and cannot sign in. Conversations go back to the queue.',
    enable: 'Enable account',
    saved: 'Saved',
    menu: 'Actions for {name}',
    again: 'Try again',
  },
  pl: {
    title: 'Zespół',
    intro: 'Kto odpowiada na tej stronie, kto opiekuje się kontaktami i kto o tym decyduje.',
    name: 'Imię',
    login: 'Login',
    roles: 'Role',
    state: 'Stan',
    actions: 'Działania',
    you: 'to Ty',
    online: 'Na miejscu',
    offline: 'Nieobecny',
    disabled: 'Konto wyłączone',
    empty: 'Nikt jeszcze nie pracuje na tej stronie.',
    role: { operator: 'Operator', administrator: 'Administrator', privacy_officer: 'Inspektor danych' },
    roleText: {
      operator: 'Odpowiada odwiedzającym. Dane kontaktowe widzi tylko w rozmowach i tylko za zgodą.',
      administrator: 'Zaprasza ludzi, zmienia ustawienia prywatności strony i odpowiada odwiedzającym.',
      privacy_officer: 'Na żądanie przegląda, poprawia, ogranicza i usuwa kontakty. Każde zajrzenie jest zapisywane.',
    },
    invite: 'Zaproś',
    inviteText: 'Powstanie link, który działa raz, przez dobę. Przekaż go zaufaną drogą: hasło ustala ten, kto go otworzy.',
    loginHint: 'Krótka nazwa albo adres e-mail do logowania. Odwiedzający jej nie widzą.',
    firstRole: 'Pierwsza rola',
    makeLink: 'Utwórz link',
    linkTitle: 'Link dla: {login}',
    linkText: 'Widać go tylko teraz. Działa raz.',
    copy: 'Kopiuj',
    copied: 'Skopiowano',
    until: 'Ważny do {time}',
    changeRoles: 'Zmień role',
    rolesOf: 'Role: {name}',
    noRoles: 'Bez żadnej roli {name} opuszcza tę stronę. Konto zostaje.',
    reset: 'Link do nowego hasła',
    resetText: 'Ten link pozwala ustalić nowe hasło ({name}). Do tego czasu działa stare.',
    disable: 'Wyłącz konto',
    disableText: '{name} w ciągu kilku sekund zostanie wylogowany na wszystkich stronach i nie będzie mógł się zalogować. Rozmowy wrócą do kolejki.',
    enable: 'Włącz konto',
    saved: 'Zapisano',
    menu: 'Działania: {name}',
    again: 'Spróbuj ponownie',
  },
};
