// What an operator does to a conversation, with what is said about it afterwards.

import { fill, locale } from '../language';
import type { Conversation } from '../desk/conversation';
import type { Input } from '../desk/protocol';
import { announce, toast } from '../ui/toast';
import { desk, texts } from './here';
import type { ChatWords } from './words';

// holder names who has the conversation, as far as that is known.
export function holder(c: Conversation, words: ChatWords): string {
  const s = c.state;
  if (!s || s.owner !== 'operator') return words.owner.colleague;
  return desk.name(c.site, s.operator) || s.name || words.owner.colleague;
}

async function act(c: Conversation, input: Input, done: (words: ChatWords) => string): Promise<boolean> {
  const { code } = await c.act(input);
  const words = texts[locale.value];
  if (!code) {
    announce(done(words));
    return true;
  }
  const text = words.refused[code] ?? words.refused['']!;
  toast(fill(text, { name: holder(c, words) }), true);
  return false;
}

export function take(c: Conversation): Promise<boolean> {
  return act(c, { t: 'take' }, (w) => w.act.took);
}

export function release(c: Conversation, to: 'bot' | 'queue'): Promise<boolean> {
  return act(c, { t: 'release', to }, (w) => w.act.released);
}

export function transfer(c: Conversation, operator: string): Promise<boolean> {
  return act(c, { t: 'transfer', operator }, (w) => fill(w.act.transferred, { name: desk.name(c.site, operator) }));
}

export function close(c: Conversation): Promise<boolean> {
  return act(c, { t: 'close' }, (w) => w.act.closed);
}

export function sendCard(c: Conversation): Promise<boolean> {
  return act(c, { t: 'ask_card' }, (w) => w.act.cardDone);
}

// can says what is possible now. The gateway decides; this only spares presses that it would refuse.
export function can(c: Conversation) {
  const s = c.state;
  const mine = s?.owner === 'operator' && s.operator === desk.self;
  const queued = s?.owner === 'queue';
  return {
    mine,
    take: !!s && (s.owner !== 'operator') && !c.gone,
    release: mine || queued,
    toQueue: mine,
    transfer: mine,
    close: mine || queued,
    card: mine && !s?.card_sent && s?.consents['lead_contact']?.status !== 'granted',
    cardSent: !!s?.card_sent,
    say: mine,
  };
}
