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

export function cardView(card: Card, state: CardState, words: Words, acts: CardActs): HTMLElement {
  const id = `card-${card.request}`;
  const policy = card.policy.mode === 'link' && card.policy.url
    ? newTab(card.policy.url, card.policy.label)
    : button(card.policy.label, 'link', acts.information);
  return h('section', { class: 'card', 'aria-labelledby': id, 'data-state': state },
    h('h2', { id, dir: 'auto' }, icon('shield'), card.title),
    h('p', { class: 'body', dir: 'auto' }, card.body),
    !!card.purposes?.length && h('div', {},
      h('p', { class: 'caption' }, words.card.purposes),
      h('ul', {}, ...card.purposes.map((p) => h('li', { dir: 'auto' }, p.text)))),
    !!card.fields?.length && h('p', {}, h('span', { class: 'caption' }, `${words.card.fields}: `), card.fields.map((f) => f.text).join(', ')),
    h('p', { class: 'small', dir: 'auto' }, card.withdraw),
    h('p', { class: 'small' }, policy),
    card.no_answer ? undefined : answer(card, state, words, acts, id));
}

function answer(card: Card, state: CardState, words: Words, acts: CardActs, id: string): HTMLElement {
  if (state !== 'open' && state !== 'saving') {
    return h('p', { class: 'answer' }, state === 'granted' && icon('check'), words.card[state]);
  }
  const choice = (label: string, value: 'grant' | 'decline') => {
    const b = button(label, 'decide', () => { if (state === 'open') acts.decide(card.request, value); });
    b.dataset['answer'] = value;
    b.setAttribute('aria-describedby', id);
    if (state === 'saving') b.setAttribute('aria-disabled', 'true');
    return b;
  };
  return h('div', { class: 'answers' },
    h('div', { class: 'choices' }, choice(card.accept, 'grant'), choice(card.decline, 'decline')),
    state === 'saving' && h('p', { class: 'small' }, words.card.saving));
}
