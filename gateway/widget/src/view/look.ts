// The site's own colour and side, where the page's script element says nothing.

import type { Config } from '../config';

export function look(host: HTMLElement, l: Config['look']): void {
  if (l?.position) host.dataset['side'] ??= l.position;
  const { style } = host;
  if (l?.color && !style.getPropertyValue('--accent')) style.setProperty('--accent', l.color);
}
