// A value that tells who listens when it changes. Modules without components keep what they know
// in one; components read it with useValue.

import { useEffect, useState } from 'preact/hooks';

export interface Readable<T> {
  readonly value: T;
  listen(heard: () => void): () => void;
}

export class Observable<T> implements Readable<T> {
  #value: T;
  #heard = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set value(next: T) {
    if (Object.is(next, this.#value)) return;
    this.#value = next;
    for (const heard of [...this.#heard]) heard();
  }

  listen(heard: () => void): () => void {
    this.#heard.add(heard);
    return () => this.#heard.delete(heard);
  }
}

// useValue renders the component again whenever the value changes.
export function useValue<T>(source: Readable<T>): T {
  const [, again] = useState(0);
  useEffect(() => {
    const heard = () => again((n) => n + 1);
    heard(); // it may have changed between the render and now
    return source.listen(heard);
  }, [source]);
  return source.value;
}
