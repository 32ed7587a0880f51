// Times and days in the visitor's language.

import type { Words } from '../i18n/words';

export class Format {
  readonly #clock: Intl.DateTimeFormat;
  readonly #day: Intl.DateTimeFormat;
  readonly #stamp: Intl.DateTimeFormat;

  readonly #words: Words;

  constructor(words: Words) {
    this.#words = words;
    // How the visitor's region writes them, where it speaks the language: en-GB has no p.m.
    const l = navigator.languages.find((tag) => tag.startsWith(`${words.locale}-`)) ?? words.locale;
    this.#clock = new Intl.DateTimeFormat(l, { hour: '2-digit', minute: '2-digit' });
    this.#day = new Intl.DateTimeFormat(l, { weekday: 'long', day: 'numeric', month: 'long' });
    this.#stamp = new Intl.DateTimeFormat(l, { dateStyle: 'medium', timeStyle: 'short' });
  }

  time(at: number): string {
    return this.#clock.format(at);
  }

  moment(at: number): string {
    return this.#stamp.format(at);
  }

  dayName(at: number): string {
    const day = dayOf(at);
    const now = Date.now();
    return day === dayOf(now) ? this.#words.today : day === dayOf(now - 864e5) ? this.#words.yesterday : this.#day.format(at);
  }
}

// dayOf names a local day.
export function dayOf(at: number): string {
  return new Date(at).toDateString();
}
