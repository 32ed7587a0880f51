// One line to the gateway over as many sockets as it takes.
//
// At most two sockets live at a time: the one in use and, when the gateway asked to leave it,
// the next one. The old one is dropped only when the next one has resumed.

import { fetchStatus, type Status } from './config';
import { mayReturn, SUBPROTOCOL, type Beat, type Frame, type Limits, type Open } from './protocol';

export type Phase = 'idle' | 'connecting' | 'online' | 'waiting' | 'stopped';

export interface Owner {
  opening(): Open;
  hello(): void; // the socket in use changed; every unanswered input goes out again
  frame(f: Frame): void;
  newest(): { epoch: string; seq: number };
  // closed may answer true to come back at once, false to stop, or leave it to the code.
  closed(code: number): boolean | undefined;
  changed(): void;
}

interface Socket {
  ws: WebSocket;
  ready: boolean; // hello came
  timer: number;
}

const second = 1000;
const firstWait = 5 * second;
export const longestWait = 30 * second;
const helloWait = 15 * second;
const steadyAfter = 10 * second;

export class Connection {
  phase: Phase = 'idle';
  code = 0; // why it stopped
  status: Status | undefined; // what the gateway said about refused handshakes
  limits: Limits | undefined;
  #current: Socket | undefined;
  #next: Socket | undefined;
  #tries = 0;
  #refused = 0; // handshakes in a row that never opened
  #floor = 0; // retry_after_ms the gateway asked for
  #heard = 0;
  #dialled = 0;
  #retry = 0;
  #leaving = 0;
  #beating = 0;
  #probing = 0;

  readonly #base: string;
  readonly #site: string;
  readonly #owner: Owner;

  constructor(
    base: string,
    site: string,
    owner: Owner,
  ) {
    this.#base = base;
    this.#site = site;
    this.#owner = owner;
  }

  start(): void {
    if (this.phase === 'idle' || this.phase === 'stopped') {
      this.code = 0;
      this.#tries = 0;
      this.#dial();
    }
  }

  stop(code = 0): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#leaving);
    clearTimeout(this.#beating);
    clearTimeout(this.#probing);
    this.#clear();
    this.code = code;
    this.#enter(code ? 'stopped' : 'idle');
  }

  // again leaves the socket for a new one: what is missing comes by resuming.
  again(afterMS = 0): void {
    if (this.phase === 'idle' || this.phase === 'stopped') return;
    this.#clear();
    if (afterMS > 0) this.#wait(afterMS);
    else this.#dial();
  }

  // nudge uses a chance: the network came back, the tab is looked at again.
  nudge(): void {
    if (this.phase === 'online') {
      this.#beat();
      clearTimeout(this.#probing);
      const asked = Date.now();
      this.#probing = setTimeout(() => {
        if (this.phase === 'online' && this.#heard < asked) this.again();
      }, 5 * second);
    } else if (this.phase === 'waiting' && !this.#floor) {
      this.#wait(Math.random() * second);
    }
  }

  // hurry tries now, as the visitor wants, but not every moment nor before the gateway allows.
  hurry(): void {
    if (this.phase !== 'waiting') return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#dial(), this.#dialled + Math.max(2 * second, this.#floor) - Date.now());
  }

  hold(ms: number): void {
    this.#floor = ms;
  }

  send(frame: object): boolean {
    const ws = this.#current?.ready ? this.#current.ws : undefined;
    if (ws?.readyState !== WebSocket.OPEN) return false;
    ws.send(JSON.stringify(frame));
    return true;
  }

  #dial(): void {
    clearTimeout(this.#retry);
    this.#floor = 0;
    this.#dialled = Date.now();
    const url = `${this.#base.replace(/^http/, 'ws')}/v1/ws?site=${encodeURIComponent(this.#site)}`;
    const ws = new WebSocket(url, SUBPROTOCOL);
    const s: Socket = { ws, ready: false, timer: 0 };
    s.timer = setTimeout(() => this.#lost(s, 1006), helloWait);
    let opened = false;
    ws.onopen = () => {
      opened = true;
      this.#refused = 0;
      this.status = undefined;
      ws.send(JSON.stringify(this.#owner.opening()));
    };
    ws.onmessage = (e) => this.#read(s, e.data);
    ws.onclose = (e) => {
      if (!opened) this.#refused++;
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
    if (f.t === 'hello') {
      clearTimeout(s.timer);
      if (s === this.#next) {
        this.#drop(this.#current);
        this.#current = s;
        this.#next = undefined;
      }
      s.ready = true;
      this.limits = f.limits;
      s.timer = setTimeout(() => { this.#tries = 0; }, steadyAfter);
      this.#owner.frame(f);
      this.#enter('online');
      this.#owner.hello();
      this.#schedule(Math.random());
    } else if (f.t === 'goaway') {
      clearTimeout(this.#leaving);
      this.#leaving = setTimeout(() => { if (!this.#next) this.#dial(); }, f.after_ms);
    } else if (f.t === 'beat') {
      this.#compare(f);
    } else {
      this.#owner.frame(f);
    }
  }

  // compare finds a lost last event: if the store has more than we do and it is not on its way,
  // the log is resumed.
  #compare(b: Beat): void {
    if (!b.epoch || !this.#behind(b)) return;
    clearTimeout(this.#probing);
    this.#probing = setTimeout(() => { if (this.#behind(b)) this.again(); }, 2 * second);
  }

  #behind(b: Beat): boolean {
    const mine = this.#owner.newest();
    return b.epoch !== mine.epoch ? !!b.seq : (b.seq ?? 0) > mine.seq;
  }

  #schedule(part = 1): void {
    clearTimeout(this.#beating);
    this.#beating = setTimeout(() => {
      if (Date.now() - this.#heard > (this.limits?.silence_ms ?? 100 * second)) {
        this.again();
        return;
      }
      this.#beat();
      this.#schedule();
    }, part * (this.limits?.beat_ms ?? 25 * second));
  }

  #beat(): void {
    const { epoch, seq } = this.#owner.newest();
    this.send(epoch ? { t: 'beat', epoch, seq } : { t: 'beat' });
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
      this.#current = undefined;
      if (this.#next) {
        // The gateway closed what we were leaving anyway.
        this.#current = this.#next;
        this.#next = undefined;
        if (!this.#current.ready) this.#enter('connecting');
        return;
      }
    } else return;
    const back = this.#owner.closed(code) ?? mayReturn(code);
    if (this.#current || this.phase === 'idle') return; // closed() has dialled or ended it
    if (!back) this.stop(code);
    else void this.#comeBack();
  }

  async #comeBack(): Promise<void> {
    const top = this.#tries ? Math.min(longestWait, firstWait * 2 ** this.#tries) : firstWait;
    this.#tries++;
    this.#wait(Math.random() * top);
    if (this.#refused < 2) return;
    const status = await fetchStatus(this.#base, this.#site);
    if (this.phase !== 'waiting') return;
    this.status = status;
    if (status?.retry_after_ms) {
      this.#floor = status.retry_after_ms;
      this.#wait(0);
    }
    this.#owner.changed();
  }

  #wait(ms: number): void {
    clearTimeout(this.#retry);
    // Jitter on what the gateway asked for too, or all come back in the same moment.
    const floor = this.#floor * (1 + Math.random() / 2);
    this.#retry = setTimeout(() => this.#dial(), Math.max(ms, floor));
    this.#enter('waiting');
  }

  #clear(): void {
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
    if (this.phase === phase) return;
    this.phase = phase;
    if (phase !== 'online') clearTimeout(this.#beating);
    this.#owner.changed();
  }
}
