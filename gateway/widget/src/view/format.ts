// Times and days in the visitor's language.

import type { Words } from '../i18n/words';

export class Format {
  readonly #words: Words;
  readonly #locale: string;
  readonly #halves: string[] | undefined;
  #stamp: Intl.DateTimeFormat | undefined;

  constructor(words: Words) {
    this.#words = words;
    // How the visitor's region writes them, where it speaks the language: en-GB has no p.m.
    this.#locale = navigator.languages.find((tag) => tag.startsWith(`${words.locale}-`)) ?? words.locale;
    this.#halves = /^en-(?!US|CA|AU|NZ|IN|PH)/.test(this.#locale) ? undefined : words.halves;
  }

  // time does without Intl, whose first use holds a slow machine up for a tenth of a second.
  time(at: number): string {
    const d = new Date(at);
    const hour = d.getHours();
    const half = this.#halves?.[hour < 12 ? 0 : 1];
    const two = (n: number) => String(n).padStart(2, '0');
    return half ? `${hour % 12 || 12}:${two(d.getMinutes())} ${half}` : `${two(hour)}:${two(d.getMinutes())}`;
  }

  moment(at: number): string {
    this.#stamp ??= new Intl.DateTimeFormat(this.#locale, { dateStyle: 'medium', timeStyle: 'short' });
    return this.#stamp.format(at);
  }

  dayName(at: number): string {
    const day = dayOf(at);
    const now = Date.now();
    return day === dayOf(now) ? this.#words.today : day === dayOf(now - 864e5) ? this.#words.yesterday : new Date(at).toLocaleDateString(this.#locale, { weekday: 'long', day: 'numeric', month: 'long' });
  }
}

// dayOf names a local day.
export function dayOf(at: number): string {
  return new Date(at).toDateString();
}
