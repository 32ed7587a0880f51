// The site's own colour and side.

import type { Config } from '../config';

export function look(host: HTMLElement, l: Config['look']): void {
  if (l?.position === 'left') host.dataset['side'] = 'left';
  if (l?.color) host.style.setProperty('--accent', l.color);
}
