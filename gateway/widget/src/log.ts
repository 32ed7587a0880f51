// The conversation's log as this document knows it: a stretch without holes up to its newest event.

import type { Event, Events, Have, Past, Reset, State } from './protocol';

export class Log {
  events: Event[] = [];
  epoch = '';
  seq = 0;
  state: State | undefined;
  older = false; // there may be events before the first one here
  // While a reset is being refilled, the events it replaced: own lines among them that do
  // not come back were lost by the server and must be shown so.
  #before: Event[] | undefined;
  until = 0; // seq up to which a reset is being refilled

  have(): Have | undefined {
    const last = this.events[this.events.length - 1];
    return last && { epoch: this.epoch, seq: last.seq, id: last.id };
  }

  reset(f: Reset): void {
    this.#before = this.events.filter((e) => e.from === 'visitor' && e.seq >= f.first);
    this.until = f.seq;
    this.events = [];
    this.epoch = f.epoch;
    this.seq = Math.max(f.first - 1, 0);
    this.older = f.first > 1;
    if (f.state) this.state = f.state;
  }

  // apply answers the events that are new, or nothing when some are missing before them.
  apply(f: Events): Event[] | undefined {
    const fresh: Event[] = [];
    for (const e of f.events ?? []) {
      if (f.epoch !== this.epoch && !this.events.length) {
        this.epoch = f.epoch;
        this.seq = e.seq - 1;
        this.older = e.seq > 1;
      }
      if (e.seq <= this.seq) continue;
      if (f.epoch !== this.epoch || e.seq !== this.seq + 1) return undefined;
      this.seq = e.seq;
      this.events.push(e);
      fresh.push(e);
    }
    if (f.state) this.state = f.state;
    if (f.removed) this.#redact();
    return fresh;
  }

  // lost answers, once a reset is refilled, the visitor's lines that the server no longer has.
  lost(): Event[] {
    if (!this.#before || this.seq < this.until) return [];
    const back = new Set(this.events.map((e) => `${e.client}/${e.n}`));
    const lost = this.#before.filter((e) => !back.has(`${e.client}/${e.n}`));
    this.#before = undefined;
    return lost;
  }

  past(f: Past): void {
    const first = this.events[0]?.seq ?? this.seq + 1;
    const old = (f.events ?? []).filter((e) => e.seq < first);
    this.events = old.concat(this.events);
    this.older = f.more && old.length > 0;
  }

  clear(): void {
    this.events = [];
    this.epoch = '';
    this.seq = 0;
    this.state = undefined;
    this.older = false;
    this.#before = undefined;
  }

  #redact(): void {
    for (const e of this.events) {
      if (e.text?.some((p) => p.contact)) e.text = e.text.map((p) => (p.contact ? { removed: true } : p));
    }
  }
}
