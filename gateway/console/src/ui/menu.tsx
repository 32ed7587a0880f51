import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';

import { Button } from './button';
import type { IconName } from './icon';

interface Props {
  label: string;
  icon?: IconName;
  children: ComponentChildren; // <MenuItem>s
  text?: ComponentChildren; // shown on the button
  class?: string;
}

// Menu is a button with a menu (WAI-ARIA menu button pattern): arrows move, Escape and Tab close.
export function Menu({ label, icon, children, text, class: name }: Props) {
  const [open, setOpen] = useState(false);
  const ref = useRef<HTMLDivElement>(null);
  const id = useId();
  const items = () => [...(ref.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
  const shut = (refocus: boolean) => {
    setOpen(false);
    if (refocus) ref.current?.querySelector<HTMLElement>('button')?.focus();
  };
  useEffect(() => {
    if (!open) return;
    items()[0]?.focus();
    const away = (e: Event) => { if (!ref.current?.contains(e.target as Node)) setOpen(false); };
    addEventListener('pointerdown', away);
    return () => removeEventListener('pointerdown', away);
  }, [open]);
  const keys = (e: KeyboardEvent) => {
    if (!open) return;
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[e.key];
    if (e.key === 'Escape' || e.key === 'Tab') shut(e.key === 'Escape');
    if (e.key === 'Escape') e.preventDefault();
    if (next === undefined) return;
    e.preventDefault();
    all[(next + all.length) % all.length]?.focus();
  };
  return (
    <div class={`menu ${name ?? ''}`} ref={ref} onKeyDown={keys}>
      <Button kind="quiet" icon={icon} label={label} expanded={open} onClick={() => setOpen(!open)}>{text}</Button>
      {open && <div class="menu-list" id={id} role="menu" aria-label={label} onClick={() => shut(true)}>{children}</div>}
    </div>
  );
}

interface ItemProps {
  children: ComponentChildren;
  icon?: IconName;
  onClick: () => void;
}

export function MenuItem({ children, icon, onClick }: ItemProps) {
  return (
    <Button kind="quiet" icon={icon} class="menu-item" onClick={onClick} role="menuitem">{children}</Button>
  );
}
