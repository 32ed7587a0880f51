// The language of the console: chosen by a switch that is remembered, or the browser's.

import { Observable, useValue } from './observable';
import { remember, remembered } from './memory';
import { en } from './words/en';
import { pl } from './words/pl';
import type { Words } from './words/words';

export const locales = ['en', 'pl'] as const;
export type Locale = (typeof locales)[number];
// Texts are words of one kind in every language of the console.
export type Texts<W> = Record<Locale, W>;

const shell: Texts<Words> = { en, pl };

function preferred(): Locale {
  const chosen = remembered('language');
  for (const tag of [chosen, ...navigator.languages]) {
    const found = locales.find((l) => l === tag.slice(0, 2).toLowerCase());
    if (found) return found;
  }
  return 'en';
}

export const locale = new Observable<Locale>(preferred());

export function choose(next: Locale): void {
  remember('language', next);
  locale.value = next;
}

// useWords returns the shell's words; useTexts those of a page that has its own.
export function useWords(): Words {
  return shell[useValue(locale)];
}

export function useTexts<W>(texts: Texts<W>): W {
  return texts[useValue(locale)];
}

// words are for modules that are no components.
export function words(): Words {
  return shell[locale.value];
}

// fill puts values in the place of {names}.
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}

// plural chooses a form by the rules of the language (CLDR).
export function plural(forms: Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }, n: number): string {
  const form = forms[new Intl.PluralRules(locale.value).select(n)] ?? forms.other;
  return fill(form, { n });
}
