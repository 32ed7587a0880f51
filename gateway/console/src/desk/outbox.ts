// The inputs of one conversation: numbered, kept until they are answered, sent again until then.

import type { Ack, ErrorFrame, Input } from './protocol';

// sending: just now. late: longer than a moment, so it is shown. lost: it was in a log that the
// gateway has no more. refused: never applied, and never will be.
export type Status = 'sending' | 'late' | 'lost' | 'refused';

export interface Item {
  n: number;
  readonly input: Input;
  readonly at: number;
  status: Status;
  code: string; // why it was refused
  sent: boolean; // over the socket in use
  renumbered: boolean;
  settle: (result: Result) => void;
}

// A Result is the answer for good: an empty code says that it was applied.
export interface Result { code: string; seq: number }

const lateAfter = 2500;
const firstHold = 500;
const longestHold = 15_000;

export interface Wire {
  send(frame: object): boolean;
  ready(): boolean;
  inFlight(): number;
  changed(): void;
}

export class Outbox {
  // Unanswered, in the order of their numbers. Those that were lost or refused are shown until
  // somebody puts them away, and never sent.
  items: Item[] = [];
  acked = 0; // the newest number that was answered
  #next = 1;
  #hold = 0; // timer
  #wait = firstHold;
  readonly #wire: Wire;
  readonly #of: { site: string; conversation: string };

  constructor(wire: Wire, of: { site: string; conversation: string }) {
    this.#wire = wire;
    this.#of = of;
  }

  get unanswered(): Item[] {
    return this.items.filter((i) => i.status === 'sending' || i.status === 'late');
  }

  add(input: Input): Promise<Result> {
    return new Promise((settle) => {
      const item: Item = { n: this.#next++, input, at: Date.now(), status: 'sending', code: '', sent: false, renumbered: false, settle };
      this.items.push(item);
      setTimeout(() => {
        if (item.status !== 'sending' || !this.items.includes(item)) return;
        item.status = 'late';
        this.#wire.changed();
      }, lateAfter);
      this.flush();
      this.#wire.changed();
    });
  }

  // lose shows a line that the log had and has no more.
  lose(input: Input, at: number): void {
    this.items.push({ n: 0, input, at, status: 'lost', code: '', sent: true, renumbered: false, settle: () => {} });
  }

  drop(item: Item): void {
    this.items = this.items.filter((i) => i !== item);
    this.#wire.changed();
  }

  // resume begins on a new socket, or after the conversation was watched anew. lastN is the newest
  // number that the gateway has applied. It answers false where the gateway has forgotten this
  // instance.
  resume(lastN: number): boolean {
    if (lastN < this.acked) return false;
    if (!this.unanswered.length) this.#next = Math.max(this.#next, lastN + 1);
    for (const i of this.unanswered) i.sent = false;
    this.#release();
    this.flush();
    return true;
  }

  // renew numbers everything unanswered anew, for a new instance.
  renew(): void {
    this.acked = 0;
    this.#next = 1;
    for (const i of this.unanswered) {
      i.n = this.#next++;
      i.sent = false;
    }
  }

  flush(): void {
    if (this.#hold || !this.#wire.ready()) return;
    let room = this.#wire.inFlight();
    for (const i of this.unanswered) {
      if (room-- <= 0) return;
      if (i.sent) continue;
      if (!this.#wire.send({ ...i.input, n: i.n, ...this.#of })) return;
      i.sent = true;
    }
  }

  ack(f: Ack): void {
    this.acked = Math.max(this.acked, f.n);
    this.#wait = firstHold;
    const item = this.unanswered.find((i) => i.n === f.n);
    if (item) this.#settle(item, f.refused?.code ?? '', f.seq ?? 0);
    this.flush();
  }

  error(f: ErrorFrame): void {
    const item = this.unanswered.find((i) => i.n === f.n);
    if (!item) return;
    switch (f.code) {
      case 'bad_frame':
        // It can never be applied: those behind it must not wait for it.
        this.#skip(item, f.code);
        break;
      case 'n_conflict':
        if (item.renumbered || item.input.t === 'skip') this.#settle(item, f.code, 0);
        else this.#renumber(item);
        break;
      case 'n_too_old':
        this.#settle(item, f.code, 0);
        break;
      case 'forbidden':
      case 'erased':
        this.#settle(item, f.code, 0);
        break;
      default:
        for (const i of this.unanswered) if (i.n >= Math.min(item.n, f.expected ?? item.n)) i.sent = false;
        this.#holdFor(f.retry_after_ms ?? 0);
    }
    this.flush();
  }

  // skipLargest follows a socket that was closed for a frame that is too big.
  skipLargest(): void {
    const [largest] = this.unanswered.sort((a, b) => JSON.stringify(b.input).length - JSON.stringify(a.input).length);
    if (largest) this.#skip(largest, 'too_long');
  }

  close(): void {
    this.#release();
  }

  #settle(item: Item, code: string, seq: number): void {
    // What a person wrote is not thrown away with a refusal.
    const written = item.input.t === 'say' || item.input.t === 'note';
    if (code && written) {
      item.status = 'refused';
      item.code = code;
    } else {
      this.items = this.items.filter((i) => i !== item);
    }
    item.settle({ code, seq });
    this.#wire.changed();
  }

  #skip(item: Item, code: string): void {
    const at = this.items.indexOf(item);
    const skip: Item = { ...item, input: { t: 'skip' }, sent: false, settle: () => {} };
    this.#settle(item, code, 0);
    this.items.splice(at, 0, skip);
  }

  #renumber(item: Item): void {
    item.n = this.#next++;
    item.sent = false;
    item.renumbered = true;
    this.items = [...this.items.filter((i) => i !== item), item];
  }

  #holdFor(ms: number): void {
    clearTimeout(this.#hold);
    const wait = Math.max(ms, this.#wait * (0.5 + Math.random() / 2));
    this.#wait = Math.min(longestHold, this.#wait * 2);
    this.#hold = setTimeout(() => {
      this.#hold = 0;
      this.flush();
    }, wait);
  }

  #release(): void {
    clearTimeout(this.#hold);
    this.#hold = 0;
  }
}
