// What an operator sees happen: every inbox, who is there, and the conversations that are open. It
// knows no component; components listen to its observables.

import { has, load, me, type StaffSite } from '../api';
import { Observable } from '../observable';
import { Conversation } from './conversation';
import { Inbox } from './inbox';
import { Line, type Owner, type Phase } from './line';
import { CLOSE_SIGNED_OUT, CLOSE_TOO_BIG, newInstance, type Beat, type Colleague, type Frame, type Limits, type Row, type Welcome } from './protocol';

export interface Status { phase: Phase; code: number; retryAt: number; lost: number }
// An Arrival is something that somebody who looks elsewhere wants to hear of.
export interface Arrival { site: string; row: Row; kind: 'waiting' | 'line' | 'transfer' }

const kept = 12; // conversations that are not shown and still in memory
const behindFor = 2000;

export class Desk implements Owner {
  readonly status = new Observable<Status>({ phase: 'connecting', code: 0, retryAt: 0, lost: 0 });
  readonly rows = new Observable(0); // counts changes of any inbox
  readonly presence = new Observable<ReadonlyMap<string, readonly Colleague[]>>(new Map());
  readonly away = new Observable(false);
  readonly inboxes = new Map<string, Inbox>();
  self = '';
  skew = 0; // the gateway's clock minus ours, milliseconds
  arrived: ((a: Arrival) => void) | undefined;
  #line = new Line(this);
  #client = newInstance();
  #open = new Map<string, Conversation>(); // the least recently shown first
  #shown = new Set<Conversation>();
  #lost = 0;
  #checking = false;

  start(): void {
    this.#line.start();
  }

  // stop forgets everything: the next one who signs in is somebody else.
  stop(): void {
    this.#line.stop();
    this.#open.clear();
    this.#shown.clear();
    this.inboxes.clear();
    this.presence.value = new Map();
    this.away.value = false;
    this.#client = newInstance();
    this.rows.value++;
  }

  // nudge uses a chance to come back sooner; now says that somebody asked for it.
  nudge(now = false): void {
    if (this.#line.phase === 'stopped' && now) {
      this.#client = newInstance();
      for (const c of this.#open.values()) c.outbox.renew();
      this.#line.start();
    } else this.#line.nudge(now);
  }

  get limits(): Limits | undefined {
    return this.#line.limits;
  }

  get now(): number {
    return Date.now() + this.skew;
  }

  // unsent: something that somebody wrote has no answer yet.
  get unsent(): boolean {
    return [...this.#open.values()].some((c) => c.outbox.unanswered.length > 0);
  }

  setAway(on: boolean): void {
    this.away.value = on;
    this.#line.send({ t: 'away', on });
  }

  // conversation finds one in memory, or begins with nothing.
  conversation(site: string, id: string): Conversation {
    const key = `${site} ${id}`;
    let c = this.#open.get(key);
    this.#open.delete(key);
    c ??= new Conversation(site, id, { send: (f) => this.#line.send(f), inFlight: () => this.limits?.in_flight ?? 1 }, () => this.#client);
    this.#open.set(key, c);
    return c;
  }

  // show keeps a conversation live; hide lets it go when nothing of it is unsent.
  show(c: Conversation): void {
    this.#shown.add(c);
    if (this.#line.phase === 'live' && !c.live) c.ask();
  }

  hide(c: Conversation): void {
    this.#shown.delete(c);
    c.typing(false);
    if (c.outbox.unanswered.length) return;
    if (c.live) this.#line.send({ t: 'unwatch', site: c.site, conversation: c.id });
    c.live = false;
    for (const [key, other] of this.#open) {
      if (this.#open.size <= kept) return;
      if (!this.#shown.has(other) && !other.outbox.items.length && !other.draft && !other.draftNote) this.#open.delete(key);
    }
  }

  // name of a colleague, as far as they are there or have said something.
  name(site: string, operator: string | undefined): string {
    return this.presence.value.get(site)?.find((c) => c.id === operator)?.name ?? '';
  }

  // Owner of the line.

  instance(): string {
    return this.#client;
  }

  welcome(w: Welcome): void {
    this.self = w.operator.id;
    this.skew = w.now - Date.now();
    const who = me.value;
    if (who && JSON.stringify(who.sites) !== JSON.stringify(w.sites)) me.value = { ...who, sites: w.sites };
    this.#follow(w.sites);
    for (const c of this.#open.values()) if (this.#shown.has(c) || c.outbox.unanswered.length) c.ask();
    if (this.away.value) this.#line.send({ t: 'away', on: true });
  }

  #follow(sites: readonly StaffSite[]): void {
    const mine = new Set(sites.filter((s) => has(s, ['operator', 'administrator'])).map((s) => s.site));
    for (const site of this.inboxes.keys()) if (!mine.has(site)) this.inboxes.delete(site);
    for (const site of mine) {
      if (!this.inboxes.has(site)) this.inboxes.set(site, new Inbox(site, (f) => this.#line.send(f)));
      this.inboxes.get(site)!.ask();
    }
    this.rows.value++;
  }

  frame(f: Frame): void {
    switch (f.t) {
      case 'inbox': {
        const changes = this.inboxes.get(f.site)?.take(f) ?? [];
        for (const c of changes) this.#notice(f.site, c.was, c.now);
        this.rows.value++;
        return;
      }
      case 'presence':
        this.presence.value = new Map(this.presence.value).set(f.site, f.operators);
        return;
      case 'beat':
        this.#compare(f);
        return;
      case 'welcome':
      case 'goaway':
        return; // the line's
      case 'error':
        this.#error(f);
        return;
    }
    const c = this.#open.get(`${f.site} ${f.conversation}`);
    if (!c) return;
    switch (f.t) {
      case 'watching': if (!c.onWatching(f)) this.#renew(); break;
      case 'log': c.onLog(f); break;
      case 'older': c.onOlder(f); break;
      case 'notes': c.onNotes(f); break;
      case 'gone': c.onGone(f); break;
      case 'seen': c.onSeen(f); break;
      case 'typing': c.onTyping(f); break;
      case 'ack':
        c.onAck(f);
        if (!this.#shown.has(c)) this.hide(c);
        break;
    }
  }

  #error(f: Frame & { t: 'error' }): void {
    if (f.conversation) {
      this.#open.get(`${f.site} ${f.conversation}`)?.onError(f);
      return;
    }
    const inbox = f.site ? this.inboxes.get(f.site) : undefined;
    if (inbox && f.code !== 'forbidden') {
      setTimeout(() => inbox.ask(), Math.max(f.retry_after_ms ?? 0, behindFor) * (1 + Math.random() / 2));
    }
  }

  // compare finds what was lost on the way: the second line, since the gateway repairs by itself.
  #compare(b: Beat): void {
    const inboxes = (b.inboxes ?? []).filter((t) => this.inboxes.get(t.site)?.behind(t.epoch, t.seq));
    const logs = (b.logs ?? []).filter((t) => this.#open.get(`${t.site} ${t.conversation}`)?.behind(t.epoch, t.seq));
    if (!inboxes.length && !logs.length) return;
    setTimeout(() => {
      for (const t of inboxes) {
        const inbox = this.inboxes.get(t.site);
        if (inbox?.behind(t.epoch, t.seq)) inbox.ask();
      }
      for (const t of logs) {
        const c = this.#open.get(`${t.site} ${t.conversation}`);
        if (c?.behind(t.epoch, t.seq)) c.ask();
      }
    }, behindFor);
  }

  // renew makes a new instance: the gateway has forgotten this one, or went back in time.
  #renew(): void {
    this.#client = newInstance();
    for (const c of this.#open.values()) c.outbox.renew();
    this.#line.again();
  }

  #notice(site: string, was: Row | undefined, now: Row): void {
    if (now.gone) return;
    const mine = now.owner === 'operator' && now.operator === this.self;
    if (now.owner === 'queue' && was?.owner !== 'queue') this.arrived?.({ site, row: now, kind: 'waiting' });
    else if (mine && was && was.operator !== this.self && was.owner === 'operator') this.arrived?.({ site, row: now, kind: 'transfer' });
    else if (mine && now.unread > (was?.unread ?? 0)) this.arrived?.({ site, row: now, kind: 'line' });
  }

  closed(code: number): void {
    for (const c of this.#open.values()) {
      c.live = false;
      c.fetching = false;
      c.typists = [];
      if (code === CLOSE_TOO_BIG) c.outbox.skipLargest();
      c.outbox.close();
      c.tell();
    }
    if (code === CLOSE_SIGNED_OUT) this.refused();
  }

  // refused asks over HTTP whether the session has ended; the API then leads to the sign-in page.
  refused(): void {
    if (this.#checking) return;
    this.#checking = true;
    load().catch(() => {}).finally(() => { this.#checking = false; });
  }

  changed(): void {
    const { phase, code, retryAt } = this.#line;
    if (phase === 'live') this.#lost = 0;
    else this.#lost ||= Date.now();
    if (phase !== 'live') for (const c of this.#open.values()) c.live = false;
    this.status.value = { phase, code, retryAt, lost: this.#lost };
  }
}
