// One line to the gateway over as many sockets as it takes. At most two sockets live at a time: the
// one in use and, when the gateway asked to leave it, the next one.

import { mayReturn, SUBPROTOCOL, type Frame, type Limits, type Welcome } from './protocol';

// live: what is shown is what there is. waiting: a new socket will be tried by itself. stopped: it
// will not.
export type Phase = 'connecting' | 'live' | 'waiting' | 'stopped';

export interface Owner {
  instance(): string;
  welcome(w: Welcome): void; // the socket in use changed: ask again for everything
  frame(f: Frame): void;
  closed(code: number): void; // before the line comes back, or not
  refused(): void; // two handshakes in a row: the browser does not show why
  changed(): void;
}

interface Socket {
  ws: WebSocket;
  ready: boolean; // welcome came
  timer: number;
}

const second = 1000;
const firstWait = 5 * second;
const longestWait = 30 * second;
const welcomeWait = 15 * second;
const steadyAfter = 10 * second;
const answerWait = 10 * second; // of a beat

export class Line {
  phase: Phase = 'connecting';
  code = 0; // why it stopped
  retryAt = 0;
  limits: Limits | undefined;
  #current: Socket | undefined;
  #next: Socket | undefined;
  #tries = 0;
  #refused = 0;
  #heard = 0;
  #retry = 0;
  #leaving = 0;
  #beating = 0;
  #probing = 0;
  readonly #owner: Owner;

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  start(): void {
    this.code = 0;
    this.#tries = 0;
    this.#clear();
    this.#dial();
  }

  stop(code = 0): void {
    for (const timer of [this.#retry, this.#leaving, this.#beating, this.#probing]) clearTimeout(timer);
    this.#clear();
    this.code = code;
    this.#enter('stopped');
  }

  // again leaves the socket for a new one: what is missing comes by resuming.
  again(): void {
    if (this.phase === 'stopped') return;
    this.#clear();
    this.#dial();
  }

  // nudge uses a chance: the network came back, the window is looked at again, somebody presses.
  nudge(now = false): void {
    if (this.phase === 'live') this.#probe();
    else if (this.phase === 'waiting') this.#wait(now ? 0 : Math.random() * second);
  }

  send(frame: object): boolean {
    const ws = this.#current?.ready ? this.#current.ws : undefined;
    if (ws?.readyState !== WebSocket.OPEN) return false;
    ws.send(JSON.stringify(frame));
    return true;
  }

  #dial(): void {
    clearTimeout(this.#retry);
    const ws = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/v1/operator`, SUBPROTOCOL);
    const s: Socket = { ws, ready: false, timer: 0 };
    s.timer = setTimeout(() => this.#lost(s, 1006), welcomeWait);
    let opened = false;
    ws.onopen = () => {
      opened = true;
      this.#refused = 0;
      ws.send(JSON.stringify({ t: 'open', client: this.#owner.instance() }));
    };
    ws.onmessage = (e) => this.#read(s, e.data);
    ws.onclose = (e) => {
      if (!opened && ++this.#refused >= 2) this.#owner.refused();
      this.#lost(s, e.code);
    };
    if (this.#current) this.#next = s;
    else {
      this.#current = s;
      this.#enter('connecting');
    }
  }

  #read(s: Socket, data: unknown): void {
    if (s !== this.#current && s !== this.#next) return;
    let f: Frame;
    try {
      f = JSON.parse(String(data)) as Frame;
    } catch {
      return;
    }
    this.#heard = Date.now();
    if (f.t === 'welcome') {
      this.#welcome(s, f);
    } else if (f.t === 'goaway') {
      clearTimeout(this.#leaving);
      this.#leaving = setTimeout(() => { if (!this.#next) this.#dial(); }, f.after_ms);
    } else {
      this.#owner.frame(f);
    }
  }

  #welcome(s: Socket, f: Welcome): void {
    clearTimeout(s.timer);
    if (s === this.#next) {
      this.#drop(this.#current);
      this.#current = s;
      this.#next = undefined;
    }
    s.ready = true;
    this.limits = f.limits;
    s.timer = setTimeout(() => { this.#tries = 0; }, steadyAfter);
    this.#enter('live');
    this.#owner.welcome(f);
    this.#schedule(Math.random());
  }

  #schedule(part = 1): void {
    clearTimeout(this.#beating);
    this.#beating = setTimeout(() => {
      this.#probe();
      this.#schedule();
    }, part * (this.limits?.beat_ms ?? 20 * second));
  }

  // probe sends a beat. Every beat is answered, so silence after it says that the socket is gone,
  // long before the network does.
  #probe(): void {
    const asked = Date.now();
    if (!this.send({ t: 'beat' })) return;
    clearTimeout(this.#probing);
    this.#probing = setTimeout(() => { if (this.phase === 'live' && this.#heard < asked) this.again(); }, answerWait);
  }

  #lost(s: Socket, code: number): void {
    this.#drop(s);
    if (s === this.#next) {
      this.#next = undefined;
      if (this.#current) {
        // The old socket still works; try the next one a little later.
        this.#leaving = setTimeout(() => this.#dial(), Math.random() * firstWait);
        return;
      }
    } else if (s === this.#current) {
      this.#current = this.#next;
      this.#next = undefined;
      if (this.#current) {
        // The gateway closed what we were leaving anyway.
        if (!this.#current.ready) this.#enter('connecting');
        return;
      }
    } else return;
    this.#owner.closed(code);
    if (this.phase === 'stopped' || this.#current) return;
    if (!mayReturn(code)) this.stop(code);
    else this.#wait(Math.random() * Math.min(longestWait, firstWait * 2 ** this.#tries++));
  }

  #wait(ms: number): void {
    clearTimeout(this.#retry);
    this.retryAt = Date.now() + ms;
    this.#retry = setTimeout(() => this.#dial(), ms);
    this.#enter('waiting');
  }

  #clear(): void {
    clearTimeout(this.#retry);
    for (const s of [this.#current, this.#next]) this.#drop(s);
    this.#current = this.#next = undefined;
  }

  #drop(s: Socket | undefined): void {
    if (!s) return;
    clearTimeout(s.timer);
    const ws = s.ws;
    ws.onopen = ws.onmessage = ws.onclose = null;
    ws.close(1000);
  }

  #enter(phase: Phase): void {
    this.phase = phase;
    if (phase !== 'live') {
      clearTimeout(this.#beating);
      clearTimeout(this.#probing);
    }
    this.#owner.changed();
  }
}

