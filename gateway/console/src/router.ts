// Addresses of the console. /console/ is the inbox, /console/c/SITE/CONVERSATION one conversation,
// /console/PAGE/SITE/… a page of the registry.

import { Observable, useValue } from './observable';

export const root = '/console/';

// A Route is the path below /console/, in parts that are unescaped.
export type Route = readonly string[];

function here(): Route {
  const below = location.pathname.startsWith(root) ? location.pathname.slice(root.length) : '';
  return below.split('/').filter(Boolean).map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
}

export const route = new Observable<Route>(here());

addEventListener('popstate', () => { route.value = here(); });

// to is the address of a route.
export function to(...parts: string[]): string {
  return root + parts.map(encodeURIComponent).join('/');
}

export function go(address: string, replace = false): void {
  if (address === location.pathname) return;
  if (replace) history.replaceState(null, '', address);
  else history.pushState(null, '', address);
  route.value = here();
}

export function useRoute(): Route {
  return useValue(route);
}

// follow makes a click on a link of ours change the page in place. What the browser has keys for
// (another tab, another window, save) stays the browser's.
export function follow(e: MouseEvent): void {
  const a = (e.target as Element).closest?.('a');
  if (!a || e.defaultPrevented || e.button || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
  if (a.origin !== location.origin || a.target || a.hasAttribute('download')) return;
  if (!a.pathname.startsWith(root) || a.pathname.startsWith(`${root}api/`)) return;
  e.preventDefault();
  go(a.pathname);
}
