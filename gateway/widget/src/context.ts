// What the loader and the rest of the widget say to each other.

// Look is what the gateway writes into the loader, so that the launcher looks as the site's
// configuration says without a request.
export interface Look {
  site?: string;
  css?: string; // custom properties: colours, distances, the launcher's icon
  text?: Record<string, string>; // beside the icon, by locale
  open?: Record<string, string>; // what the launcher is called, by locale
}

export interface Context {
  base: string; // address of the gateway
  site: string;
  locale: string; // one of those there are words for
  host: HTMLElement;
  root: ShadowRoot;
  launcher: HTMLButtonElement;
  emit(name: string, data?: unknown): void;
  part(name: string): Promise<any>; // brings a bundle that is not there yet
  speak(locale: string): string; // the nearest locale there are words for
  name(locale: string, name: string): void; // what the launcher is called now
}

export interface App {
  run(command: string, args: unknown[]): unknown;
}
