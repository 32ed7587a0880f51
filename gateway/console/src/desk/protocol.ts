// The operators' part of the wire protocol zgoda.v1, as the console uses it; gateway/protocol is the
// authority. Members that are not used are left out.

import type { StaffSite } from '../api';

export const SUBPROTOCOL = 'zgoda.v1';

// An Input is a numbered frame without its number and conversation.
export type Input =
  | { t: 'take' }
  | { t: 'release'; to: 'bot' | 'queue' }
  | { t: 'transfer'; operator: string }
  | { t: 'close' }
  | { t: 'say'; text: string }
  | { t: 'note'; text: string }
  | { t: 'ask_card'; purposes?: string[] }
  | { t: 'skip' };

export interface Have { epoch: string; seq: number; id: string }

export interface Limits {
  frame_bytes: number;
  text_runes: number;
  in_flight: number;
  beat_ms: number;
  silence_ms: number;
}

export type Owner = 'bot' | 'queue' | 'operator' | 'closed';

export interface Colleague {
  id: string;
  name: string;
  away?: boolean;
  conversations?: number;
  watching?: string[];
}

export interface Row {
  conversation: string;
  owner: Owner;
  operator?: string;
  queue?: string;
  since: number;
  at: number;
  unread: number;
  preview?: string;
  locale?: string;
  page?: string;
  consents: Record<string, string>;
  gone?: boolean;
}

export interface Consent {
  status: string;
  at?: number;
  notice?: string;
  locale?: string;
  method?: string;
}

export interface StaffState {
  owner: Owner;
  operator?: string;
  name?: string;
  queue?: string;
  since: number;
  unread: number;
  locale: string;
  page?: string;
  consents: Record<string, Consent>;
  expect: { kind: string; type?: string; prompt?: string };
  held: string[];
  card_sent?: boolean;
  seen_visitor?: number;
  seen_operator?: number;
}

export interface Part { text?: string; contact?: boolean; removed?: boolean; masked?: boolean }
export interface CodeText { code: string; text: string }
export interface Card {
  request: string;
  notice: string;
  locale: string;
  title: string;
  body: string;
  purposes: CodeText[];
  fields: CodeText[];
  withdraw: string;
  accept: string;
  decline: string;
  policy: { mode: string; url?: string; label: string };
  no_answer?: boolean;
}

export interface LogEvent {
  seq: number;
  id: string;
  at: number;
  from: string;
  kind: string;
  client?: string;
  n?: number;
  text?: Part[];
  locale?: string;
  link?: { label: string; url: string };
  image?: { url: string; alt: string };
  options?: { id: string; label: string }[];
  of?: string;
  choice?: string;
  field?: string;
  card?: Card;
  request?: string;
  answer?: string;
  purposes?: string[];
  method?: string;
  name?: string;
  operator?: string;
}

export interface Note {
  seq: number;
  id: string;
  at: number;
  kind: string;
  operator?: string;
  name?: string;
  to?: string;
  text?: Part[];
}

interface Of { site: string; conversation: string }

export interface Welcome {
  t: 'welcome';
  operator: Colleague;
  sites: StaffSite[];
  now: number;
  limits: Limits;
}
export interface Inbox { t: 'inbox'; site: string; epoch: string; seq: number; rows: Row[]; reset?: boolean; more?: boolean }
export interface Presence { t: 'presence'; site: string; operators: Colleague[] }
export interface Watching extends Of {
  t: 'watching';
  visitor: string;
  resume: 'resumed' | 'reset';
  epoch: string;
  seq: number;
  first: number;
  last_n: number;
  state: StaffState;
}
export interface Log extends Of { t: 'log'; epoch: string; events: LogEvent[]; more?: boolean; state?: StaffState; removed?: boolean }
export interface Older extends Of { t: 'older'; before_seq: number; events: LogEvent[]; more: boolean }
export interface Notes extends Of { t: 'notes'; seq: number; notes: Note[]; reset?: boolean }
export interface Gone extends Of { t: 'gone'; reason: string }
export interface Ack extends Of { t: 'ack'; n: number; seq?: number; id?: string; refused?: { code: string; message: string } }
export interface ErrorFrame {
  t: 'error';
  code: string;
  message: string;
  n?: number;
  expected?: number;
  retry_after_ms?: number;
  site?: string;
  conversation?: string;
}
export interface Beat {
  t: 'beat';
  inboxes?: { site: string; epoch: string; seq: number }[];
  logs?: (Of & { epoch: string; seq: number })[];
}
export interface Seen extends Of { t: 'seen'; from: string; seq: number }
export interface Typing extends Of { t: 'typing'; from: string; on: boolean; name?: string }
export interface GoAway { t: 'goaway'; after_ms: number }

export type Frame =
  | Welcome | Inbox | Presence | Watching | Log | Older | Notes | Gone | Ack | ErrorFrame | Beat | Seen | Typing | GoAway;

export const CLOSE_TOO_BIG = 1009;
export const CLOSE_SUPERSEDED = 4500;
export const CLOSE_SIGNED_OUT = 4505;

// mayReturn: codes from 4500 to 4999 say not to come back by oneself.
export function mayReturn(code: number): boolean {
  return code < 4500 || code > 4999;
}

// newInstance names this document. A duplicated tab is another one.
export function newInstance(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('');
}
