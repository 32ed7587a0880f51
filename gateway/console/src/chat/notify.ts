// The window's title and icon, and notifications of the desktop, which an operator turns on.

import { locale } from '../language';
import { Observable } from '../observable';
import { remember, remembered } from '../memory';
import { to, go } from '../router';
import type { Arrival } from '../desk/desk';
import { texts } from './here';
import { names } from './shown';

const supported = 'Notification' in globalThis;
export const notifying = new Observable(supported && remembered('notify') === 'on' && Notification.permission === 'granted');

// setNotifying asks the browser, and answers whether notifications are as wanted now.
export async function setNotifying(on: boolean): Promise<boolean> {
  const allowed = on && supported && await Notification.requestPermission() === 'granted';
  notifying.value = allowed;
  remember('notify', allowed ? 'on' : 'off');
  return allowed === on;
}

// notify tells what happened while the window is not looked at. What was written is not told: it
// would stand on a locked screen.
export function notify(a: Arrival): void {
  if (!notifying.value || (document.visibilityState === 'visible' && document.hasFocus())) return;
  const words = texts[locale.value].notify;
  const n = new Notification(words[a.kind], { body: names.site(a.site), tag: `${a.site} ${a.row.conversation}` });
  n.onclick = () => {
    focus();
    go(to('c', a.site, a.row.conversation));
    n.close();
  };
}

const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
const plainIcon = icon?.href ?? '';
const marked = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="9" fill="#1d6b4a"/><circle cx="22" cy="10" r="8" fill="#f2b84b" stroke="#fff" stroke-width="2"/></svg>',
)}`;

// badge shows how much there is to do in the title and the icon of the window.
export function badge(title: string, n: number): void {
  document.title = n ? `(${n}) ${title}` : title;
  if (icon && icon.href !== (n ? marked : plainIcon)) icon.href = n ? marked : plainIcon;
}
