// What the browser keeps, and nothing before the visitor's first act: one entry for the visitor
// and one per client instance with unacknowledged inputs.

import type { Input } from './protocol';

export interface Visitor {
  secret: string;
  token?: string | undefined;
  open?: boolean;
  // The last instance this browser used: the next page takes it over when its document is
  // gone, so that a walk through a shop does not use up the instances a visitor may have.
  client?: string;
  // What the conversation is created with; kept for a creating frame that was never answered.
  flow?: string | undefined;
  locale?: string | undefined;
  page?: string | undefined;
  draft?: string | undefined; // what is written and not sent
  seen?: number; // newest seq shown while open
}

export interface Kept { n: number; frame: Input; at: number }

export class Store {
  readonly key: string;
  // Takes the place of the browser's storage where that is refused or full: then the
  // conversation lives as long as the page.
  #memory = new Map<string, string>();

  constructor(site: string) {
    this.key = `zgoda:${site}`;
  }

  visitor(): Visitor | undefined {
    const v = this.#read(this.key) as Visitor | undefined;
    return v && /^[0-9a-f]{32}$/.test(v.secret) ? v : undefined;
  }

  save(v: Visitor): void {
    this.#write(this.key, v);
  }

  // update changes the entry as it is now, since other tabs write it too; it makes none.
  update(patch: Partial<Visitor>): void {
    const v = this.visitor();
    if (v) this.save({ ...v, ...patch });
  }

  outbox(client: string): Kept[] {
    const kept = this.#read(this.#outKey(client));
    return Array.isArray(kept) ? kept : [];
  }

  keep(client: string, items: Kept[]): void {
    if (items.length) this.#write(this.#outKey(client), items);
    else this.#drop(this.#outKey(client));
  }

  // clients names the instances that left unsent inputs behind.
  clients(): string[] {
    const prefix = this.#outKey('');
    return this.#keys().filter((k) => k.startsWith(prefix)).map((k) => k.slice(prefix.length));
  }

  clear(): void {
    for (const k of this.#keys()) if (k === this.key || k.startsWith(this.#outKey(''))) this.#drop(k);
  }

  #outKey(client: string): string {
    return `${this.key}:out:${client}`;
  }

  #keys(): string[] {
    let stored: string[] = [];
    try {
      stored = Object.keys(localStorage);
    } catch {
      // Refused: only memory is left.
    }
    return [...new Set([...stored, ...this.#memory.keys()])];
  }

  #read(key: string): unknown {
    try {
      return JSON.parse(this.#memory.get(key) ?? localStorage.getItem(key) ?? 'null') ?? undefined;
    } catch {
      return undefined;
    }
  }

  #write(key: string, value: unknown): void {
    const text = JSON.stringify(value);
    try {
      localStorage.setItem(key, text);
      this.#memory.delete(key);
    } catch {
      this.#memory.set(key, text);
    }
  }

  #drop(key: string): void {
    this.#memory.delete(key);
    try {
      localStorage.removeItem(key);
    } catch {
      // Refused: there was nothing.
    }
  }
}
