// The consent card. Accept and decline are one component made twice: whatever styles one
// styles the other, and neither is chosen beforehand.

import type { Words } from '../i18n/words';
import type { Card } from '../protocol';
import { button, h, icon, newTab } from './dom';

export type CardState = 'open' | 'saving' | 'granted' | 'declined' | 'stale';

export interface CardActs {
  decide(request: string, answer: 'grant' | 'decline'): void;
  information(): void;
}

// cardView labels the card in its own language; where there are no words of that (yet), it has
// no captions, and its state is told in the widget's.
export function cardView(card: Card, state: CardState, own: Words | undefined, words: Words, acts: CardActs): HTMLElement {
  const caption = (name: 'purposes' | 'fields', after = '') => own && h('span', { class: 'caption' }, own.card[name], after);
  const id = `card-${card.request}`;
  const policy = card.policy.mode === 'link' && card.policy.url
    ? newTab(card.policy.url, card.policy.label)
    : button(card.policy.label, 'link', acts.information);
  return h('section', { class: 'card', 'aria-labelledby': id, 'data-state': state, lang: card.locale, tabindex: -1 },
    h('h2', { id, dir: 'auto' }, icon('shield'), card.title),
    h('p', { class: 'body', dir: 'auto' }, card.body),
    !!card.purposes?.length && h('div', {},
      caption('purposes'),
      h('ul', {}, ...card.purposes.map((p) => h('li', { dir: 'auto' }, p.text)))),
    !!card.fields?.length && h('p', {}, caption('fields', ': '), card.fields.map((f) => f.text).join(', ')),
    h('p', { class: 'small', dir: 'auto' }, card.withdraw),
    h('p', { class: 'small' }, policy),
    card.no_answer ? undefined : answer(card, state, own ?? words, acts, id));
}

function answer(card: Card, state: CardState, words: Words, acts: CardActs, id: string): HTMLElement {
  if (state !== 'open' && state !== 'saving') {
    return h('p', { class: 'answer' }, state === 'granted' && icon('check'), words.card[state]);
  }
  const choice = (label: string, value: 'grant' | 'decline') => {
    const b = button(label, 'decide', () => { if (state === 'open') acts.decide(card.request, value); });
    b.dataset['answer'] = value;
    b.setAttribute('aria-describedby', id);
    if (state === 'saving') b.ariaDisabled = 'true';
    return b;
  };
  return h('div', { class: 'answers' },
    h('div', { class: 'choices' }, choice(card.accept, 'grant'), choice(card.decline, 'decline')),
    state === 'saving' && h('p', { class: 'small' }, words.card.saving));
}
