// The keyboard. Single keys work outside of fields alone, and can be turned off (WCAG 2.2, 2.1.4).

import { useEffect, useRef } from 'preact/hooks';

import { Observable } from '../observable';
import { remember, remembered } from '../memory';

export const singleKeys = new Observable(remembered('single-keys') !== 'off');

export function setSingleKeys(on: boolean): void {
  remember('single-keys', on ? 'on' : 'off');
  singleKeys.value = on;
}

type Acts = Record<string, () => void>;

function inField(e: KeyboardEvent): boolean {
  const el = e.target as HTMLElement;
  return el.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(el.tagName);
}

// useKeys listens while the component is there. Keys in a dialog are the dialog's.
export function useKeys(acts: Acts): void {
  const latest = useRef(acts);
  latest.current = acts;
  useEffect(() => {
    const pressed = (e: KeyboardEvent) => {
      if (e.defaultPrevented || e.isComposing || e.ctrlKey || e.metaKey || e.altKey) return;
      if (inField(e) || document.querySelector('dialog[open]')) return;
      if (e.key.length === 1 && !singleKeys.value) return;
      const act = latest.current[e.key];
      if (!act) return;
      e.preventDefault();
      act();
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, []);
}

export const useConversationKeys = useKeys;
