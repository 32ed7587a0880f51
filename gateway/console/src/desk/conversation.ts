// A conversation as it is watched: its log, its staff log, its state, and what we send.

import { Observable } from '../observable';
import { Outbox, type Result, type Wire } from './outbox';
import type { Ack, ErrorFrame, Gone, Have, Input, Log, LogEvent, Note, Notes, Older, Seen, StaffState, Typing, Watching } from './protocol';

const typingLasts = 6000;
const sayTyping = 3000;
const askAgainAfter = 2000;

export interface Typist { from: string; name: string; until: number }

export class Conversation {
  readonly site: string;
  readonly id: string;
  // changed counts; whoever shows the conversation listens to it.
  readonly changed = new Observable(0);
  readonly outbox: Outbox;
  visitor = '';
  epoch = '';
  events: LogEvent[] = [];
  notes: Note[] = [];
  state: StaffState | undefined;
  older = false; // events before the first one may exist
  fetching = false; // older ones are on their way
  live = false; // the replay is over
  gone = ''; // why it cannot be watched
  typists: Typist[] = [];
  seenVisitor = 0;
  draft = '';
  draftNote = '';
  #seenSent = 0;
  #typed = 0;
  #before: LogEvent[] = []; // own lines of a log that was reset
  #first = 0; // of the log that replaces it
  #sweep = 0;
  readonly #send: (frame: object) => boolean;
  readonly #instance: () => string;

  constructor(site: string, id: string, wire: Omit<Wire, 'changed' | 'ready'>, instance: () => string) {
    this.site = site;
    this.id = id;
    this.#send = wire.send;
    this.#instance = instance;
    this.outbox = new Outbox({ ...wire, ready: () => this.live, changed: () => this.tell() }, this.#of);
  }

  get #of() {
    return { site: this.site, conversation: this.id };
  }

  tell(): void {
    this.changed.value++;
  }

  // ask watches the conversation from what there is.
  ask(): void {
    this.live = false;
    const have = this.#have();
    const frame = { t: 'watch', ...this.#of };
    const notes = this.notes.at(-1)?.seq;
    this.#send(have ? { ...frame, have, ...(notes ? { notes_seq: notes } : {}) } : frame);
    this.tell();
  }

  #have(): Have | undefined {
    const last = this.events.at(-1);
    return last && this.epoch ? { epoch: this.epoch, seq: last.seq, id: last.id } : undefined;
  }

  act(input: Input): Promise<Result> {
    return this.outbox.add(input);
  }

  // onWatching answers false where the gateway has forgotten our instance.
  onWatching(f: Watching): boolean {
    this.visitor = f.visitor;
    this.gone = '';
    if (f.resume === 'reset') {
      const mine = this.events.filter((e) => e.client === this.#instance() && e.from === 'operator');
      this.#before = [...this.#before, ...mine];
      this.#first = f.first;
      this.events = [];
      this.older = f.first > 1;
    }
    this.epoch = f.epoch;
    this.#setState(f.state);
    this.live = true;
    const known = this.outbox.resume(f.last_n);
    this.tell();
    return known;
  }

  onLog(f: Log): void {
    if (f.epoch !== this.epoch) {
      this.ask();
      return;
    }
    if (f.removed) this.#remove();
    for (const e of f.events) {
      const top = this.events.at(-1)?.seq;
      if (top === undefined || e.seq === top + 1) this.events.push(e);
      else if (e.seq > top) {
        this.ask(); // a hole: resume from what there is
        return;
      }
      this.typists = this.typists.filter((t) => t.from !== e.from);
    }
    if (!f.more && this.#before.length) this.#findLost();
    if (f.state) this.#setState(f.state);
    this.tell();
  }

  // findLost shows own lines that were acknowledged and are in the log no more. Those before its
  // first event are older than what was sent.
  #findLost(): void {
    const there = new Set(this.events.map((e) => `${e.client} ${e.n}`));
    for (const e of this.#before) {
      const text = (e.text ?? []).map((p) => p.text ?? '').join('');
      if (e.seq >= this.#first && !there.has(`${e.client} ${e.n}`) && text) this.outbox.lose({ t: 'say', text }, e.at);
    }
    this.#before = [];
  }

  #setState(s: StaffState): void {
    this.state = s;
    this.seenVisitor = Math.max(this.seenVisitor, s.seen_visitor ?? 0);
  }

  // remove takes the contact details out of what is shown.
  #remove(): void {
    for (const e of this.events) {
      if (e.text?.some((p) => p.contact)) e.text = e.text.map((p) => (p.contact ? { removed: true } : p));
    }
  }

  onNotes(f: Notes): void {
    if (f.reset) this.notes = [];
    for (const n of f.notes) if (n.seq > (this.notes.at(-1)?.seq ?? 0)) this.notes.push(n);
    this.tell();
  }

  fetchOlder(): void {
    const first = this.events[0]?.seq;
    if (!this.older || this.fetching || !first || !this.live) return;
    this.fetching = this.#send({ t: 'history', ...this.#of, before_seq: first, limit: 100 });
    this.tell();
  }

  onOlder(f: Older): void {
    this.fetching = false;
    if (f.before_seq === this.events[0]?.seq) {
      this.events.unshift(...f.events);
      this.older = f.more && f.events.length > 0;
    }
    this.tell();
  }

  onAck(f: Ack): void {
    this.outbox.ack(f);
  }

  onError(f: ErrorFrame): void {
    if (f.n) {
      if (f.code === 'not_watched') this.ask();
      this.outbox.error(f);
      return;
    }
    this.fetching = false;
    if (f.code === 'unavailable' || f.code === 'rate_limited' || f.code === 'internal') {
      const wait = Math.max(f.retry_after_ms ?? 0, askAgainAfter) * (1 + Math.random() / 2);
      if (!this.live || !this.events.length) setTimeout(() => this.ask(), wait);
    } else if (f.code === 'forbidden' || f.code === 'erased') this.onGone({ t: 'gone', ...this.#of, reason: f.code });
    this.tell();
  }

  onGone(f: Gone): void {
    this.gone = f.reason;
    this.live = false;
    this.events = [];
    this.notes = [];
    this.epoch = '';
    this.state = undefined;
    for (const i of this.outbox.unanswered) {
      i.settle({ code: f.reason, seq: 0 });
      this.outbox.drop(i);
    }
    this.tell();
  }

  onSeen(f: Seen): void {
    if (f.from === 'visitor') this.seenVisitor = Math.max(this.seenVisitor, f.seq);
    this.tell();
  }

  onTyping(f: Typing): void {
    this.typists = this.typists.filter((t) => t.from !== f.from || t.name !== (f.name ?? ''));
    if (f.on) this.typists.push({ from: f.from, name: f.name ?? '', until: Date.now() + typingLasts });
    clearTimeout(this.#sweep);
    this.#sweep = setTimeout(() => {
      this.typists = this.typists.filter((t) => t.until > Date.now());
      this.tell();
    }, typingLasts + 50);
    this.tell();
  }

  // typing tells the others, at most every few seconds.
  typing(on: boolean): void {
    const now = Date.now();
    if (on ? now - this.#typed < sayTyping : !this.#typed) return;
    this.#typed = on ? now : 0;
    if (this.live) this.#send({ t: 'typing', ...this.#of, on });
  }

  // seen tells that the newest event was shown.
  seen(): void {
    const top = this.events.at(-1)?.seq ?? 0;
    const known = Math.max(this.#seenSent, this.state?.seen_operator ?? 0);
    if (!this.live || top <= known || !this.#send({ t: 'seen', ...this.#of, seq: top })) return;
    this.#seenSent = top;
  }

  // behind compares with the top that a beat told.
  behind(epoch: string, seq: number): boolean {
    return this.live && (epoch !== this.epoch || seq > (this.events.at(-1)?.seq ?? 0));
  }
}
