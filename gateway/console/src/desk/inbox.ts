// The rows of one site's inbox, followed from what there is.

import type { Inbox as Frame, Row } from './protocol';

export class Inbox {
  readonly site: string;
  rows = new Map<string, Row>();
  epoch = '';
  seq = 0;
  complete = false; // the replay is over
  readonly #send: (frame: object) => boolean;

  constructor(site: string, send: (frame: object) => boolean) {
    this.site = site;
    this.#send = send;
  }

  ask(): void {
    this.complete = false;
    const frame = { t: 'inbox', site: this.site };
    this.#send(this.epoch ? { ...frame, epoch: this.epoch, seq: this.seq } : frame);
  }

  // take returns the rows that changed, each with what it was before.
  take(f: Frame): { was: Row | undefined; now: Row }[] {
    if (f.reset) this.rows = new Map();
    const fresh = !this.complete;
    const changes: { was: Row | undefined; now: Row }[] = [];
    for (const now of f.rows) {
      const was = this.rows.get(now.conversation);
      if (now.gone) this.rows.delete(now.conversation);
      else this.rows.set(now.conversation, now);
      if (!fresh) changes.push({ was, now });
    }
    if (!f.more) {
      this.epoch = f.epoch;
      this.seq = f.seq;
      this.complete = true;
    }
    return changes;
  }

  behind(epoch: string, seq: number): boolean {
    return this.complete && (epoch !== this.epoch || seq > this.seq);
  }
}
