// The wire protocol zgoda.v1 as the widget uses it; gateway/protocol is the authority.

export const SUBPROTOCOL = 'zgoda.v1';
export const OF_GREETING = 'greeting';

// An input without its number: what the outbox keeps.
export type Input =
  | { t: 'say'; text: string }
  | { t: 'press'; of: string; choice: string }
  | { t: 'decide'; request: string; answer: 'grant' | 'decline' }
  | { t: 'ask_card'; purposes: string[] }
  | { t: 'withdraw'; purposes: string[] }
  | { t: 'erase' }
  | { t: 'skip' };

export interface Have { epoch: string; seq: number; id: string }

// Identity is the owner's own name of the visitor, and what proves that the owner's server said so.
export interface Identity { id: string; proof: string }

export interface Open {
  t: 'open';
  client: string;
  secret: string;
  token?: string | undefined;
  flow?: string | undefined;
  locale?: string | undefined;
  page?: string;
  identity?: Identity | undefined;
  have?: Have | undefined;
  traceparent?: string | undefined;
}

export interface Limits {
  frame_bytes: number;
  text_runes: number;
  in_flight: number;
  beat_ms: number;
  silence_ms: number;
}

export interface Consent { status: string; at?: number }
export interface Expect { kind: string; type?: string; prompt?: string }
export interface State {
  owner: string;
  consents?: Record<string, Consent> | null;
  expect: Expect;
  held?: string[] | null;
  name?: string; // of the operator
  seen?: number; // newest seq that an operator has read
}

export interface Part { text?: string; contact?: boolean; removed?: boolean; masked?: boolean }
export interface CodeText { code: string; text: string }
export interface Card {
  request: string;
  locale: string;
  title: string;
  body: string;
  purposes?: CodeText[] | null;
  fields?: CodeText[] | null;
  withdraw: string;
  accept: string;
  decline: string;
  policy: { mode: string; url?: string; label: string };
  no_answer?: boolean;
}

export interface Event {
  seq: number;
  id: string;
  at: number;
  from: string;
  kind: string;
  name?: string; // of an operator
  client?: string;
  n?: number;
  text?: Part[];
  locale?: string;
  link?: { label: string; url: string };
  image?: { url: string; alt: string };
  options?: { id: string; label: string }[];
  of?: string;
  choice?: string;
  card?: Card;
  request?: string;
  answer?: string;
  purposes?: string[];
  delay_ms?: number;
}

// theirs: said to the visitor.
export function theirs(e: Event): boolean {
  return e.from === 'bot' || e.from === 'operator';
}

export interface Refused { code: string; message: string }

export interface Hello {
  t: 'hello';
  token: string;
  now: number;
  resume: string;
  last_n: number;
  limits: Limits;
}
export interface Reset { t: 'reset'; epoch: string; seq: number; first: number; state?: State }
export interface Events {
  t: 'events';
  epoch: string;
  events?: Event[] | null;
  more?: boolean;
  state?: State;
  removed?: boolean;
}
export interface Ack { t: 'ack'; n: number; seq?: number; id?: string; refused?: Refused }
export interface ErrorFrame {
  t: 'error';
  code: string;
  message: string;
  n?: number;
  expected?: number;
  retry_after_ms?: number;
}
export interface Beat { t: 'beat'; epoch?: string; seq?: number }
export interface Past { t: 'past'; before_seq: number; events?: Event[] | null; more: boolean }
export interface GoAway { t: 'goaway'; after_ms: number }
export interface Receipt { t: 'receipt'; receipt: string }
export interface Export { t: 'export'; part: number; text: string; more: boolean }
export interface Seen { t: 'seen'; seq: number }
export interface Typing { t: 'typing'; from?: string; on?: boolean }

export type Frame = Hello | Reset | Events | Ack | ErrorFrame | Beat | Past | GoAway | Typing | Seen | Receipt | Export;

// Close codes that the widget acts on; the rest follow their range.
export const CLOSE_SUPERSEDED = 4500;
export const CLOSE_ERASED = 4502;
export const CLOSE_TOKEN = 4503;
export const CLOSE_TOO_BIG = 1009;

export function mayReturn(code: number): boolean {
  return code < 4500 || code > 4999;
}
