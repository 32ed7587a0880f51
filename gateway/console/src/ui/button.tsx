import type { ComponentChildren, Ref } from 'preact';

import { Icon, type IconName } from './icon';

interface Props {
  children?: ComponentChildren;
  icon?: IconName | undefined;
  // label names a button that shows only its icon.
  label?: string | undefined;
  kind?: 'plain' | 'primary' | 'quiet' | 'danger';
  type?: 'button' | 'submit';
  busy?: boolean | undefined;
  disabled?: boolean | undefined;
  pressed?: boolean | undefined;
  expanded?: boolean | undefined;
  shortcut?: string | undefined; // one key, as aria-keyshortcuts has it
  role?: 'menuitem' | undefined;
  class?: string;
  buttonRef?: Ref<HTMLButtonElement>;
  onClick?: (e: MouseEvent) => void;
}

// Button is busy while what it began is not over: it keeps the focus and takes no second press.
export function Button(p: Props) {
  const alone = !p.children;
  const names = ['button', p.kind ?? 'plain', alone ? 'square' : '', p.class ?? ''].filter(Boolean).join(' ');
  const press = (e: MouseEvent) => {
    if (p.busy) e.preventDefault();
    else p.onClick?.(e);
  };
  return (
    <button
      ref={p.buttonRef ?? null}
      type={p.type ?? 'button'}
      class={names}
      role={p.role}
      tabIndex={p.role ? -1 : undefined}
      disabled={p.disabled}
      aria-disabled={p.busy || undefined}
      aria-busy={p.busy || undefined}
      aria-pressed={p.pressed}
      aria-expanded={p.expanded}
      aria-keyshortcuts={p.shortcut}
      aria-label={alone ? p.label : undefined}
      title={p.shortcut ? `${p.label ?? ''} (${p.shortcut})`.trim() : p.label}
      onClick={press}
    >
      {p.icon && <Icon name={p.icon} />}
      {p.children}
    </button>
  );
}
