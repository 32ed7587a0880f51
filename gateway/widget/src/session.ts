// One visitor's conversation in this document: what they do, what comes back, what is kept.

import { fetchConfig, type Config } from './config';
import { Connection, type Owner } from './connection';
import type { Context } from './context';
import { adopt, newInstance, randomHex, type Instance } from './instance';
import { Log } from './log';
import { Outbox, type Item } from './outbox';
import { OwnLines } from './own';
import { masked, traceparent } from './page';
import * as p from './protocol';
import { Store } from './store';

export interface Watcher {
  changed(): void;
  arrived(events: p.Event[], replay: boolean): void;
}

export class Session implements Owner {
  readonly store: Store;
  readonly log = new Log();
  readonly outbox: Outbox;
  readonly line: Connection;
  config: Config | undefined;
  configError = 0; // HTTP status, or -1 when there was no answer
  readonly own = new OwnLines();
  typing = 0; // until when somebody on the other side is typing
  erased = false;
  page: string | undefined;
  identity: p.Identity | undefined;
  // What nobody else here reads goes to whoever asked for it.
  other: ((f: p.Frame) => void) | undefined;
  #greeted = ''; // page and locale of the greeting that was shown
  #watcher: Watcher | undefined;
  #instance: Instance | undefined;
  #claiming = false;
  #clock = 0; // server's time minus ours
  #held = 0; // timer until which a refused input waits
  #filled = false;
  #tooBig = false;
  #tokenRefused = false;
  #asking = 0;

  readonly #ctx: Context;

  constructor(ctx: Context) {
    this.#ctx = ctx;
    this.store = new Store(ctx.site);
    this.outbox = new Outbox(this.store);
    this.line = new Connection(ctx.base, ctx.site, this);
  }

  // start goes on with a stored visitor; without one it does nothing.
  start(watcher: Watcher): void {
    this.#watcher = watcher;
    if (this.store.visitor()) this.#connect();
  }

  // load fetches the configuration once; an error can be tried again.
  async load(locale: string): Promise<void> {
    const page = this.#here();
    // What was seen is what is committed: the greeting stays once the visitor has acted.
    if (this.#asking || (this.config && (this.begun || this.#greeted === page))) return;
    this.#asking = 1;
    const got = await fetchConfig(this.#ctx.base, this.#ctx.site, locale, page);
    this.#asking = 0;
    this.configError = 0;
    if ('status' in got) {
      const { status, code } = got;
      this.configError = status;
      if (this.shut) console.warn(`zgoda: ${code || status}: check the site "${this.#ctx.site}" and its origins (here: ${location.origin})`);
      this.#ctx.emit('error', { code: 'config', message: `${status} ${code}` });
    } else if (!this.config || !this.begun) {
      this.config = got;
      this.#greeted = page;
    }
    this.changed();
    if (!this.configError && this.#here() !== page) void this.load(locale);
  }

  #here(): string {
    return this.page ?? masked(location.pathname);
  }

  // identify is for the gateway to check; a socket that is open is opened anew with it.
  identify(identity: p.Identity): void {
    if (JSON.stringify(identity) === JSON.stringify(this.identity)) return;
    this.identity = identity;
    if (this.line.phase !== 'idle') this.line.again();
  }

  get shut(): boolean { // the gateway does not serve this page
    return !this.config && (this.configError === 404 || this.configError === 403);
  }

  get begun(): boolean {
    return !!this.store.visitor() || this.outbox.items.length > 0;
  }

  say(text: string): void {
    this.act({ t: 'say', text });
  }

  act(frame: p.Input, label?: string): void {
    this.erased = false;
    if (!this.store.visitor()) {
      const { flow, locale } = this.config ?? {};
      this.store.save({ secret: randomHex(), open: true, flow, locale, page: this.config && this.#greeted });
      this.#begin(newInstance(this.store));
    } else this.#connect();
    this.line.hurry();
    this.own.items.push(this.outbox.add(frame, this.log.seq, label));
    this.#flush();
    this.changed();
  }

  resend(item: Item): void {
    this.discard(item);
    this.act(item.frame, item.label);
  }

  discard(item: Item): void {
    this.own.drop(item);
    this.changed();
  }

  older(): void {
    const first = this.log.events[0]?.seq;
    if (this.log.older && first) this.line.send({ t: 'history', before_seq: first, limit: 50 });
  }

  // restart follows a stop. Where another document has the instance, what it had to send is
  // that document's now.
  restart(): void {
    if (this.line.code === p.CLOSE_SUPERSEDED) {
      this.#letGo();
      this.#begin(newInstance(this.store));
    } else if (this.#instance) this.line.start();
    else this.#connect();
  }

  // forget removes the visitor from this browser.
  forget(): void {
    this.line.stop();
    this.#release();
    this.store.clear();
    this.outbox.clear();
    this.log.clear();
    this.own.clear();
    this.#filled = false;
    this.changed();
  }

  // leave hands the instance back when the document goes away, perhaps into the back/forward
  // cache; comeBack takes what is there then.
  leave(): void {
    this.line.stop();
    this.#release();
  }

  comeBack(): void {
    if (!this.store.visitor()) {
      if (this.log.seq || this.own.items.length) this.forget();
      return;
    }
    if (this.#instance || this.#claiming) return;
    this.#letGo();
    this.#connect();
  }

  serverTime(at: number): number {
    return at - this.#clock;
  }

  // connect gets an instance of its own before anything can be sent under its name.
  #connect(): void {
    if (this.#instance || this.#claiming) return;
    this.#claiming = true;
    void adopt(this.store).then((found) => {
      this.#claiming = false;
      if (this.store.visitor() && !this.#instance) this.#begin(found ?? newInstance(this.store));
      else found?.release();
    });
  }

  #begin(instance: Instance): void {
    this.#take(instance);
    this.line.start();
  }

  // letGo leaves the unsent inputs to whoever adopts them.
  #letGo(): void {
    for (const i of this.outbox.items) this.own.drop(i);
    this.outbox.clear();
    this.#release();
  }

  #take(instance: Instance): void {
    this.#release();
    this.#instance = instance;
    this.own.items.unshift(...this.outbox.use(instance.client, instance.fresh, this.log.seq));
    this.store.update({ client: instance.client });
  }

  #release(): void {
    this.#instance?.release();
    this.#instance = undefined;
  }

  // orphans delivers what documents that are gone left unsent, once we have nothing to send.
  async #orphans(): Promise<void> {
    if (this.outbox.items.length || this.#claiming || !this.store.clients().length) return;
    const found = await adopt(this.store, true);
    if (!found) {
      // A reloaded document's predecessor may need a moment to let go.
      setTimeout(() => { if (this.line.phase === 'online') void this.#orphans(); }, 2000);
      return;
    }
    if (this.outbox.items.length) {
      found.release();
      return;
    }
    this.#take(found);
    this.line.again();
  }

  // Owner of the connection.

  opening(): p.Open {
    const v = this.store.visitor();
    return {
      t: 'open',
      client: this.outbox.client,
      secret: v?.secret ?? '',
      page: (!this.log.seq && v?.page) || this.#here(),
      identity: this.identity,
      token: v?.token,
      flow: this.config?.flow ?? v?.flow,
      locale: this.config?.locale ?? v?.locale,
      have: this.log.have(),
      traceparent: traceparent(),
    };
  }

  newest(): { epoch: string; seq: number } {
    return this.log;
  }

  hello(): void {
    clearTimeout(this.#held);
    this.#held = 0;
    this.outbox.land();
    if (this.#tooBig) this.own.skipLongest(this.outbox);
    this.#tooBig = false;
    this.#flush();
    void this.#orphans();
  }

  closed(code: number): boolean | undefined {
    this.outbox.land();
    switch (code) {
      case p.CLOSE_ERASED:
        this.#wasErased();
        return false;
      case p.CLOSE_TOKEN:
        return this.#retryWithSecret();
      case p.CLOSE_TOO_BIG:
        this.#tooBig = true;
    }
    return undefined;
  }

  changed(): void {
    this.#watcher?.changed();
  }

  frame(f: p.Frame): void {
    switch (f.t) {
      case 'hello': this.#onHello(f); break;
      case 'reset': this.#onReset(f); break;
      case 'events': this.#onEvents(f); break;
      case 'ack': this.#onAck(f); break;
      case 'error': this.#onError(f); break;
      case 'past': this.log.past(f); break;
      case 'typing': this.typing = f.on ? Date.now() + 6000 : 0; break;
      case 'seen': if (this.log.state) this.log.state.seen = f.seq; break;
      default: this.other?.(f);
    }
    this.changed();
  }

  #onHello(f: p.Hello): void {
    this.#clock = f.now - Date.now();
    this.#tokenRefused = false;
    this.store.update({ token: f.token });
    this.outbox.hello(f.last_n);
  }

  #onReset(f: p.Reset): void {
    this.log.reset(f);
    this.#filled = false;
    this.#fill();
  }

  #onEvents(f: p.Events): void {
    const fresh = this.log.apply(f);
    if (!fresh) {
      this.line.again();
      return;
    }
    const greeted = this.config?.greeting?.length ?? 0;
    for (const e of fresh) {
      // What was seen as the greeting stays the same line.
      if (e.seq <= greeted && e.from === 'bot') this.own.keys.set(e.id, `greeting${e.seq - 1}`);
      if (e.n && e.client) this.#mine(e);
      if (e.from !== 'visitor') this.typing = 0;
    }
    const initial = !this.#filled && this.log.until > 0;
    if (!f.more) this.#fill();
    this.#watcher?.arrived(fresh, initial || !!f.more);
  }

  #mine(e: p.Event): void {
    const item = this.own.match(e, this.outbox);
    if (!item) return;
    if (item.status !== 'sent') this.#sent(item);
    this.#flush();
  }

  #fill(): void {
    if (this.log.seq < this.log.until) return;
    this.#filled = true;
    for (const e of this.log.lost()) {
      if (e.client === this.outbox.client) this.own.lost(e, this.log.seq);
    }
  }

  #onAck(f: p.Ack): void {
    const item = this.outbox.settle(f.n);
    if (item && f.refused) {
      item.status = 'refused';
      item.code = f.refused.code;
      if (item.frame.t === 'skip') this.discard(item);
      this.#ctx.emit('error', f.refused);
    } else if (item) {
      this.#sent(item);
      // Its event may still be under way; without one the line has done its work.
      if (!f.seq || f.seq <= this.log.seq) this.discard(item);
      if (item.frame.t === 'erase') this.#wasErased();
    }
    this.#flush();
    void this.#orphans();
  }

  #sent(item: Item): void {
    item.status = 'sent';
    if (item.frame.t === 'say' || item.frame.t === 'press') this.#ctx.emit('message:sent', { n: item.n });
  }

  #onError(f: p.ErrorFrame): void {
    this.#ctx.emit('error', f);
    switch (f.code) {
      case 'erased':
        this.#wasErased();
        return;
      case 'token_invalid':
      case 'token_expired':
        if (this.#retryWithSecret()) this.line.again();
        else this.line.stop(p.CLOSE_TOKEN);
        return;
      case 'identity_other':
        // Another person, by the owner's word: what was said here is not theirs to see.
        this.forget();
        return;
      case 'identity_invalid':
        this.identity = undefined;
        return;
      case 'n_conflict':
      case 'n_too_old':
        this.#failed(f.n ?? 0);
        return;
      case 'n_gap':
        this.outbox.resume(f.expected ?? f.n ?? 0);
        this.#later(200);
        return;
    }
    if (f.n) {
      this.outbox.land(f.n);
      this.#later(f.retry_after_ms ?? 2000);
    } else if (this.line.phase !== 'online') {
      // open itself was not accepted.
      this.line.hold(f.retry_after_ms ?? 0);
      this.line.again(Math.random() * 5000 + 1);
    } else this.other?.(f);
  }

  #failed(n: number): void {
    const item = this.outbox.settle(n);
    if (!item) return;
    item.status = 'failed';
    this.#flush();
  }

  // later sends again after a while, not everybody at once.
  #later(ms: number): void {
    clearTimeout(this.#held);
    this.#held = setTimeout(() => {
      this.#held = 0;
      this.#flush();
      this.changed();
    }, ms * (1 + Math.random() / 2));
  }

  #flush(): void {
    if (this.#held || this.line.phase !== 'online') return;
    for (const i of this.outbox.take(this.line.limits)) {
      if (!this.line.send({ ...i.frame, n: i.n })) i.flying = false;
    }
  }

  #retryWithSecret(): boolean {
    if (this.#tokenRefused) return false;
    this.#tokenRefused = true;
    this.store.update({ token: undefined });
    return true;
  }

  #wasErased(): void {
    this.forget();
    this.erased = true;
    this.changed();
  }
}
