// Types of the command queue that the snippet puts on the page. The gateway serves them at /widget.d.ts.

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
  /** Starts a widget whose script element has data-wait; before that nothing is shown, read or fetched. */
  (command: 'load'): void;
  /** Opens, closes or toggles the panel. */
  (command: 'open' | 'close' | 'toggle'): void;
  /** Shows or hides the launcher; the panel can still be opened. */
  (command: 'show' | 'hide'): void;
  /** Handlers run after the call that caused them, so they may call back. */
  <E extends keyof ZgodaEvents>(command: 'on' | 'once', event: E, handler: (data: ZgodaEvents[E]) => void): void;
  <E extends keyof ZgodaEvents>(command: 'off', event: E, handler?: (data: ZgodaEvents[E]) => void): void;
  /** Changes the widget's language (BCP 47). */
  (command: 'locale', locale: string): void;
  /**
   * Names a signed-in visitor. The proof is the HMAC-SHA-256 of the id under the site's identity secret, in 64
   * lowercase hex digits, made on your server. It begins no conversation and moves no consent; the gateway keeps a
   * keyed hash of the id. Without a valid proof the error "identity_invalid" follows. Call reset at the log-out.
   */
  (command: 'identify', id: string, proof: string): void;
  /**
   * Names the page for single-page apps that do not change the address; of a path, query and fragment are dropped and
   * parts that may name a person are masked.
   */
  (command: 'page', path: string): void;
  /** Writes into the composer without sending. */
  (command: 'prefill', text: string): void;
  /** Forgets the visitor in this browser, and who was identified, as after a log-out. */
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
