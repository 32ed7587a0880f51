// The words of the shell in one language. {braces} are filled in; forms of a number are by the rules
// of the language (CLDR).

export type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

export interface Words {
  language: string; // its own name
  switchLanguage: string;
  product: string;
  skip: string; // to the contents
  inbox: string;
  sites: string;
  navigation: string;
  close: string;
  cancel: string;
  save: string;
  loading: string;
  retry: string;
  notFound: string;
  notFoundText: string;
  backToInbox: string;
  noSites: string;
  refused: Record<string, string>; // by code; '' for all others
  role: Record<string, string>;
  signIn: {
    title: string;
    login: string;
    password: string;
    submit: string;
    show: string;
    hide: string;
    ended: string;
    help: string;
  };
  accept: {
    title: string;
    text: string;
    name: string;
    nameHint: string;
    password: string;
    passwordHint: string; // {n}
    repeat: string;
    differ: string;
    submit: string;
    used: string;
    toSignIn: string;
  };
  account: {
    menu: string;
    signedInAs: string;
    password: string;
    old: string;
    next: string;
    changed: string;
    signOut: string;
    everywhere: string;
    everywhereText: string;
    notifications: string;
    notificationsOn: string;
    notificationsOff: string;
    notificationsBlocked: string;
    shortcuts: string;
  };
}
