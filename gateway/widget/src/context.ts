// What the loader and the rest of the widget say to each other.

import type { Words } from './i18n/words';

export interface Context {
  base: string; // address of the gateway
  site: string;
  locale: string;
  host: HTMLElement;
  root: ShadowRoot;
  launcher: HTMLButtonElement;
  emit(name: string, data?: unknown): void;
  words(locale: string): Promise<Words>;
}

export interface App {
  run(command: string, args: unknown[]): unknown;
}
