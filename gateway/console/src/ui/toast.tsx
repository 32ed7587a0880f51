// Short messages. Each is read out once; those that say that something failed stay until they are
// closed.

import { useWords } from '../language';
import { Observable, useValue } from '../observable';
import { Button } from './button';
import { Icon } from './icon';

interface Toast {
  id: number;
  text: string;
  bad: boolean;
}

const shown = new Observable<readonly Toast[]>([]);
const said = new Observable('');
const lastFor = 5000;
let last = 0;

export function toast(text: string, bad = false): void {
  const id = ++last;
  shown.value = [...shown.value.filter((t) => t.text !== text).slice(-3), { id, text, bad }];
  if (!bad) setTimeout(() => dismiss(id), lastFor);
}

function dismiss(id: number): void {
  shown.value = shown.value.filter((t) => t.id !== id);
}

// announce says something to screen readers alone.
export function announce(text: string): void {
  said.value = '';
  setTimeout(() => { said.value = text; }, 50);
}

export function Toasts() {
  const words = useWords();
  const list = useValue(shown);
  return (
    <>
      <div class="toasts" role="status" aria-live="polite">
        {list.map((t) => (
          <div key={t.id} class={t.bad ? 'toast bad' : 'toast'}>
            <Icon name={t.bad ? 'alert' : 'check'} />
            <span dir="auto">{t.text}</span>
            <Button kind="quiet" icon="close" label={words.close} onClick={() => dismiss(t.id)} />
          </div>
        ))}
      </div>
      <div class="sr" role="status" aria-live="polite">{useValue(said)}</div>
    </>
  );
}
