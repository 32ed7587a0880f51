// Inputs on their way: numbered, sent in order within the server's window, kept until answered.

import type { Input, Limits } from './protocol';
import type { Kept, Store } from './store';

// sending: the server may have it. late: it has not (offline, unavailable). sent: acknowledged.
// refused: answered with no, for good. failed: not applied, may be sent anew.
export type Status = 'sending' | 'late' | 'sent' | 'refused' | 'failed';

export interface Item extends Kept {
  key: string; // stable name of the line in the view
  client: string;
  status: Status;
  flying: boolean; // sent on this socket and not answered
  code?: string; // why it was refused
  label?: string; // words of a pressed option
  after: number; // seq it was written after
}

// stuck: nothing will happen to the line by itself.
export function stuck({ status }: Item): boolean {
  return status === 'refused' || status === 'failed';
}

const maxAlone = 16; // until hello has stated the limits

export class Outbox {
  items: Item[] = [];
  client = '';
  #next = 0; // 0: unknown until hello
  #serial = 0;

  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  // use starts the number sequence of an instance with what it left unsent.
  use(client: string, fresh: boolean, after: number): Item[] {
    this.client = client;
    this.#next = fresh ? 1 : 0;
    const waiting = this.items;
    const left = this.#store.outbox(client).map((k) => this.#item(k.frame, after, k));
    this.items = left.concat(waiting);
    for (const i of waiting) {
      i.client = client;
      i.n = 0;
      if (this.#next) i.n = this.#next++;
    }
    this.#persist();
    return left;
  }

  add(frame: Input, after: number, label?: string): Item {
    const item = this.#item(frame, after);
    if (label) item.label = label;
    if (this.#next) item.n = this.#next++;
    this.items.push(item);
    this.#persist();
    return item;
  }

  // hello numbers what waited for the server's newest number. Items it may already have
  // applied keep their numbers: the answer to a repeated number is the answer it gave.
  hello(lastN: number): void {
    let top = lastN;
    for (const i of this.items) if (i.n > top) top = i.n;
    this.#next = top + 1;
    for (const i of this.items) if (!i.n) i.n = this.#next++;
    this.items.sort((a, b) => a.n - b.n);
    this.#persist();
  }

  // take gives the next inputs that may be sent.
  take(limits?: Limits): Item[] {
    const room = limits?.in_flight ?? maxAlone;
    const out: Item[] = [];
    for (const i of this.items.slice(0, room)) {
      if (i.flying || !i.n) continue;
      i.flying = true;
      i.status = 'sending';
      out.push(i);
    }
    return out;
  }

  // settle removes an answered input.
  settle(n: number): Item | undefined {
    const at = this.items.findIndex((i) => i.n === n);
    if (at < 0) return undefined;
    const [item] = this.items.splice(at, 1);
    this.#persist();
    return item;
  }

  // land says that inputs from n on are not in flight: the server did not apply them.
  land(n = 0): void {
    for (const i of this.items) {
      if (i.n < n) continue;
      i.flying = false;
      i.status = 'late';
    }
  }

  // resume obeys a gap: the server expects this number next. When it is none of ours (a
  // failover forgot answered ones), what waits moves up to it.
  resume(expected: number): void {
    const rest = this.items.filter((i) => i.n >= expected);
    if (rest.length && rest[0]!.n !== expected) {
      let n = expected;
      for (const i of rest) i.n = n++;
      this.#next = n;
      this.#persist();
    }
    this.land(expected);
  }

  // skip gives an input up but not its number.
  skip(item: Item): void {
    item.frame = { t: 'skip' };
    this.#persist();
  }

  clear(): void {
    this.items = [];
    this.client = '';
    this.#next = 0;
  }

  #item(frame: Input, after: number, kept?: Kept): Item {
    return {
      n: kept?.n ?? 0,
      frame,
      at: kept?.at ?? Date.now(),
      key: `own${++this.#serial}`,
      client: this.client,
      status: kept ? 'late' : 'sending',
      flying: false,
      after,
    };
  }

  #persist(): void {
    if (!this.client) return;
    this.#store.keep(this.client, this.items.map(({ n, frame, at }) => ({ n, frame, at })));
  }
}
