// The visitor's own lines that are in no log yet: under way, refused or failed.

import type { Item, Outbox } from './outbox';
import type { Event } from './protocol';

export class OwnLines {
  items: Item[] = [];
  // View keys of events that took a local line's place: on screen it stays the same line.
  readonly keys = new Map<string, string>();

  drop(item: Item): void {
    this.items = this.items.filter((i) => i !== item);
  }

  // match finds the line whose event has come, which answers it as surely as an ack.
  match(e: Event, outbox: Outbox): Item | undefined {
    const waiting = e.client === outbox.client ? outbox.settle(e.n!) : undefined;
    const item = waiting ?? this.items.find((i) => i.n === e.n && i.client === e.client);
    if (!item) return undefined;
    this.keys.set(e.id, item.key);
    if (item.label && !e.text) e.text = [{ text: item.label }];
    this.drop(item);
    return item;
  }

  // lost shows a line that the server no longer has. It is not sent again by itself.
  lost(e: Event, after: number): void {
    const text = (e.text ?? []).map((part) => part.text ?? '').join('');
    if (e.kind !== 'message' || e.choice || !text) return;
    this.items.push({
      n: 0, client: '', frame: { t: 'say', text }, at: e.at, key: `lost${e.id}`,
      status: 'failed', flying: false, after,
    });
  }

  // skipLongest gives up the number of the input that the gateway could not read, so that the
  // ones after it can be applied.
  skipLongest(outbox: Outbox): void {
    const size = (i: Item) => JSON.stringify(i.frame).length;
    const big = [...outbox.items].sort((a, b) => size(b) - size(a))[0];
    if (!big) return;
    this.drop(big);
    this.items.push({ ...big, key: `${big.key}big`, n: 0, client: '', status: 'refused', code: 'too_long' });
    outbox.skip(big);
  }

  clear(): void {
    this.items = [];
    this.keys.clear();
  }
}
