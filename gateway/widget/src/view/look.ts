// The site's own colour and side.

import type { Config } from '../config';

export function look(host: HTMLElement, l: Config['look']): void {
  if (l?.position === 'left') host.dataset['side'] = 'left';
  const color = l?.color;
  if (!color || !/^#[0-9a-f]{6}$/i.test(color)) return;
  host.style.setProperty('--accent', color);
  host.style.setProperty('--on-accent', luminance(color) > 0.36 ? '#1b1a18' : '#fff');
}

// luminance as WCAG defines it.
function luminance(color: string): number {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const c = parseInt(color.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}
