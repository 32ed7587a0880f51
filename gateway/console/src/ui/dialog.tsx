import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

import { useWords } from '../language';
import { Button } from './button';

interface Props {
  title: string;
  children: ComponentChildren;
  wide?: boolean;
  onClose: () => void;
}

// Dialog is a modal <dialog>: the browser keeps the focus inside, closes it with Escape and gives
// the focus back.
export function Dialog({ title, children, wide, onClose }: Props) {
  const words = useWords();
  const ref = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const dialog = ref.current!;
    const before = document.activeElement;
    if (!dialog.open) dialog.showModal();
    return () => {
      dialog.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  const outside = (e: MouseEvent) => { if (e.target === ref.current) onClose(); };
  return (
    <dialog ref={ref} class={wide ? 'dialog wide' : 'dialog'} aria-labelledby={heading} onCancel={(e) => { e.preventDefault(); onClose(); }} onMouseDown={outside}>
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id={heading} dir="auto">{title}</h2>
          <Button kind="quiet" icon="close" label={words.close} onClick={onClose} />
        </header>
        {children}
      </div>
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  children: ComponentChildren;
  action: string;
  danger?: boolean;
  busy?: boolean;
  onConfirm: () => void;
  onClose: () => void;
}

// Confirm asks before what cannot be taken back. Nothing is chosen beforehand.
export function Confirm(p: ConfirmProps) {
  const words = useWords();
  return (
    <Dialog title={p.title} onClose={p.onClose}>
      <div class="dialog-text">{p.children}</div>
      <footer class="dialog-foot">
        <Button onClick={p.onClose}>{words.cancel}</Button>
        <Button kind={p.danger ? 'danger' : 'primary'} busy={p.busy} onClick={p.onConfirm}>{p.action}</Button>
      </footer>
    </Dialog>
  );
}
