// The words of the widget in one language. {braces} are filled in.

import type { Status } from '../outbox';

export interface Words {
  locale: string;
  dir: 'ltr' | 'rtl';
  halves?: [string, string]; // of the day, where hours are counted to twelve
  open: string;
  close: string;
  chat: string; // {name}
  log: string;
  write: string;
  placeholder: Record<string, string>; // by what is asked; text is the usual one
  send: string;
  line: Record<Status | 'read', string>;
  resend: string;
  counter: string; // {n} {max}
  tooLong: string; // {n} {max}
  owner: Record<string, string>; // who speaks for the site
  connecting: string;
  offline: string;
  waiting: string;
  busy: string;
  blocked: string;
  stopped: Record<string, string>; // by close code
  restart: string;
  now: string;
  loadFailed: string;
  notHere: string;
  retry: string;
  loading: string;
  older: string;
  newer: string;
  today: string;
  yesterday: string;
  typing: string;
  who: Record<string, string>; // visitor, bot, operator
  unread: string; // {n}
  removed: string;
  masked: string;
  answered: string;
  ended: string;
  nothingKept: string;
  erased: string;
  card: { purposes: string; fields: string; granted: string; declined: string; stale: string; saving: string };
  privacy: string;
  decided: { granted: string; declined: string; withdrawn: string }; // {what}
  changed: Record<string, string>; // by kind of event; {name} is an operator's
  purpose: Record<string, string>;
  refused: Record<string, string>;
}

export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}
