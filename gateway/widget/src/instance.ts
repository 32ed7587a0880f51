// A client instance belongs to one living document. A Web Lock named after it says that the
// document lives; who gets the lock of an instance owns its number sequence.

import type { Store } from './store';

export interface Instance {
  client: string;
  fresh: boolean; // made here and now: its numbers start at 1
  release(): void;
}

export function randomHex(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}

export function newInstance(store: Store): Instance {
  const client = randomHex();
  const made: Instance = { client, fresh: true, release: () => {} };
  // Nobody else knows the name yet, so the lock can come a moment later.
  let gone = false;
  made.release = () => { gone = true; };
  void lock(store, client).then((release) => {
    if (!release) return;
    if (gone) release();
    else made.release = release;
  });
  return made;
}

// adopt takes over an instance whose document is gone: first one with unsent inputs, then,
// unless only orphans are wanted, the last one used.
export async function adopt(store: Store, orphansOnly = false): Promise<Instance | undefined> {
  const last = store.visitor()?.client;
  const names = store.clients();
  if (!orphansOnly && last && !names.includes(last)) names.push(last);
  for (const client of names) {
    const release = await lock(store, client);
    if (release) return { client, fresh: false, release };
  }
  return undefined;
}

// lock answers how to release the lock, or nothing when another document has it. Without Web
// Locks (a page that is not a secure context) nobody can tell the living from the dead, so
// nothing is adopted.
function lock(store: Store, client: string): Promise<(() => void) | undefined> {
  return new Promise((done) => {
    if (!navigator.locks) {
      done(undefined);
      return;
    }
    navigator.locks
      .request(`${store.key}:${client}`, { ifAvailable: true }, (held) => {
        if (!held) {
          done(undefined);
          return undefined;
        }
        return new Promise<void>((release) => done(release));
      })
      .catch(() => done(undefined));
  });
}
