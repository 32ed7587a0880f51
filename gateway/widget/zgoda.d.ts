// Types of the command queue that the snippet puts on the page.

interface ZgodaEvents {
  ready: undefined;
  opened: undefined;
  closed: undefined;
  'message:sent': { n: number };
  'message:received': { id: string; from: 'bot' | 'operator'; kind: string };
  unread: number;
  'consent:changed': Record<string, { status: string; at?: number }>;
  state: 'idle' | 'connecting' | 'online' | 'waiting' | 'stopped';
  error: { code: string; message: string };
}

interface Zgoda {
  /** Opens, closes or toggles the panel. */
  (command: 'open' | 'close' | 'toggle'): void;
  /** Shows or hides the launcher; the panel can still be opened. */
  (command: 'show' | 'hide'): void;
  /** Handlers run after the call that caused them, so they may call back. */
  <E extends keyof ZgodaEvents>(command: 'on' | 'once', event: E, handler: (data: ZgodaEvents[E]) => void): void;
  <E extends keyof ZgodaEvents>(command: 'off', event: E, handler?: (data: ZgodaEvents[E]) => void): void;
  /** Changes the widget's language (BCP 47). */
  (command: 'locale', locale: string): void;
  /** Names the page for single-page apps; query and fragment are dropped. */
  (command: 'page', path: string): void;
  /** Writes into the composer without sending. */
  (command: 'prefill', text: string): void;
  /** Forgets the visitor in this browser, as after a log-out. */
  (command: 'reset'): void;
  /** Takes the widget off the page; the snippet may be inserted again. */
  (command: 'destroy'): void;
  /** Throws before the widget is loaded. */
  (command: 'get', name: 'open'): boolean;
  (command: 'get', name: 'unread'): number;
  (command: 'get', name: 'state'): ZgodaEvents['state'];
  (command: 'get', name: 'consents'): Record<string, { status: string; at?: number }>;
}

interface Window {
  zgoda?: Zgoda;
}

declare const zgoda: Zgoda;
