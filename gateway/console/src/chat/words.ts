// The words of the inbox and the conversation in one language.

import type { Forms } from '../words/words';

export interface ChatWords {
  visitor: string; // {tag}
  inbox: {
    title: string;
    search: string;
    site: string;
    everySite: string;
    consent: string;
    consents: Record<string, string>; // by filter
    tabs: Record<string, string>; // by group, and all
    groups: Record<string, string>;
    unread: Forms;
    empty: string;
    nothingFound: string;
    clear: string;
    loading: string;
    waited: string; // {time}
    choose: string;
    chooseText: string;
    conversations: Forms;
  };
  owner: {
    bot: string;
    queue: string; // {time}
    self: string;
    operator: string; // {name}
    closed: string;
    colleague: string;
  };
  act: {
    take: string;
    release: string;
    toQueue: string;
    transfer: string;
    transferTo: string;
    transferText: string;
    nobody: string;
    close: string;
    card: string;
    cardText: string;
    cardSent: string;
    more: string;
    back: string;
    details: string;
    took: string; // for screen readers
    released: string;
    transferred: string; // {name}
    closed: string;
    cardDone: string;
  };
  refused: Record<string, string>; // by code; {name}
  watching: string; // {names}
  line: Record<'sending' | 'late' | 'lost' | 'refused' | 'sent' | 'read', string>;
  resend: string;
  discard: string;
  toComposer: string;
  who: Record<string, string>; // visitor, bot, operator, system
  you: string;
  masked: string;
  maskedHint: string;
  removed: string;
  contactHint: string;
  picture: string; // {alt}
  answered: string;
  asks: string; // {field}
  older: string;
  loadingOlder: string;
  start: string;
  newLines: string;
  today: string;
  yesterday: string;
  typing: { visitor: string; colleague: string };
  event: Record<string, string>; // by kind; {name} {what}
  note: Record<string, string>; // by kind; {name} {to}
  noteLabel: string;
  to: Record<string, string>;
  card: { title: string; text: string; open: string; granted: string; declined: string; informed: string; purposes: string; fields: string };
  composer: {
    reply: string;
    note: string;
    write: string;
    writeNote: string;
    send: string;
    saveNote: string;
    takeFirst: string;
    takenBy: string; // {name}
    closed: string;
    count: string; // {n} {max}
    replies: string;
    repliesSearch: string;
    noReplies: string;
    noteHint: string;
    locked: string;
  };
  consent: {
    title: string;
    status: Record<string, string>;
    none: string;
    at: string; // {when}
    method: Record<string, string>; // {…}
    text: string;
    textGone: string;
    held: string;
    heldNone: string;
    locked: string;
    purpose: Record<string, string>;
    field: Record<string, string>;
  };
  about: { title: string; page: string; language: string; since: string; queue: string; visitor: string; expects: string };
  expect: Record<string, string>;
  people: { title: string; here: string; away: string; nobody: string; setAway: string; setBack: string; awayNow: string; looks: string };
  status: { connecting: string; waiting: string; stopped: string; superseded: string; now: string; since: string };
  gone: Record<string, string>;
  notify: { waiting: string; line: string; transfer: string; body: string; title: Forms };
  help: { title: string; single: string; singleHint: string; keys: Record<string, string>; anywhere: string; conversation: string };
  leaving: string;
}
