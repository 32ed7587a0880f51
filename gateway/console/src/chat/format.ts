// How things are written: times, names, addresses.

import { useEffect, useState } from 'preact/hooks';

import { fill, locale } from '../language';
import type { Part } from '../desk/protocol';
import type { ChatWords } from './words';

export function clock(at: number): string {
  return new Intl.DateTimeFormat(locale.value, { hour: '2-digit', minute: '2-digit' }).format(at);
}

export function moment(at: number): string {
  return new Intl.DateTimeFormat(locale.value, { dateStyle: 'medium', timeStyle: 'short' }).format(at);
}

// ago says how long ago something was, in few letters.
export function ago(at: number, now: number): string {
  const s = Math.max(0, Math.round((now - at) / 1000));
  const [n, unit] = s < 60 ? [s, 'second'] as const : s < 3600 ? [Math.floor(s / 60), 'minute'] as const
    : s < 86_400 ? [Math.floor(s / 3600), 'hour'] as const : [Math.floor(s / 86_400), 'day'] as const;
  return new Intl.NumberFormat(locale.value, { style: 'unit', unit, unitDisplay: 'short' }).format(n);
}

export function dayName(at: number, words: ChatWords): string {
  const day = (t: number) => new Date(t).toDateString();
  if (day(at) === day(Date.now())) return words.today;
  if (day(at) === day(Date.now() - 86_400_000)) return words.yesterday;
  return new Intl.DateTimeFormat(locale.value, { weekday: 'long', day: 'numeric', month: 'long' }).format(at);
}

export function languageName(tag: string): string {
  try {
    return new Intl.DisplayNames(locale.value, { type: 'language' }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

// tag is the part of a conversation's id that people use to tell visitors apart.
export function tag(conversation: string): string {
  return conversation.slice(-4).toUpperCase();
}

export function visitorName(conversation: string, words: ChatWords): string {
  return fill(words.visitor, { tag: tag(conversation) });
}

export function plain(parts: readonly Part[] | undefined, words: ChatWords): string {
  return (parts ?? []).map((p) => p.text ?? (p.removed ? `[${words.removed}]` : p.masked ? `[${words.masked}]` : '')).join('');
}

// safeURL lets no address run a script, and none that only works on the visitor's page.
export function safeURL(url: string): string | undefined {
  try {
    const parsed = new URL(url);
    return parsed.protocol === 'https:' ? parsed.href : undefined;
  } catch {
    return undefined;
  }
}

// useNow renders again every so often, for what shows how long something lasts.
export function useNow(everyMS: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMS);
    return () => clearInterval(timer);
  }, [everyMS]);
  return now;
}
