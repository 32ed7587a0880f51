// The JSON API under /console/api/, typed. Every refusal is an APIError.

import { Observable } from './observable';

export type Role = 'operator' | 'administrator' | 'privacy_officer';

export interface StaffSite {
  site: string;
  name: string;
  roles: Role[];
  locales: string[];
  purposes: string[];
  replies?: Reply[];
}

// A Reply is a canned one, with its text by locale. {operator} and {site} are filled in.
export interface Reply {
  name: string;
  text: Record<string, string>;
}

export interface Me {
  operator: { id: string; login: string; name: string };
  sites: StaffSite[];
  expires_at: string;
  idle_ms: number;
}

// An APIError is a refusal of the gateway, or its absence: code "offline", status 0.
export class APIError extends Error {
  readonly status: number;
  readonly code: string;
  readonly retryAfter: number; // milliseconds, 0 where none was named

  constructor(status: number, code: string, message: string, retryAfter = 0) {
    super(message);
    this.name = 'APIError';
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

// me is who is signed in; undefined until it is known, null for nobody.
export const me = new Observable<Me | null | undefined>(undefined);

export function has(site: StaffSite | undefined, roles: readonly Role[]): boolean {
  return !!site && (roles.length === 0 || roles.some((r) => site.roles.includes(r)));
}

const base = '/console/api/';

// path joins the parts of a route, each escaped.
export function path(...parts: string[]): string {
  return parts.map(encodeURIComponent).join('/');
}

export function get<T>(to: string, query: Record<string, string | number | undefined> = {}): Promise<T> {
  const q = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== '') q.set(name, String(value));
  const text = q.toString();
  return call<T>('GET', text ? `${to}?${text}` : to);
}

export function post<T = void>(to: string, body?: object): Promise<T> {
  return call<T>('POST', to, body);
}

export function put<T = void>(to: string, body?: object): Promise<T> {
  return call<T>('PUT', to, body);
}

// text fetches what is not JSON, such as a receipt or CSV.
export async function text(to: string): Promise<string> {
  return (await send('GET', to)).text();
}

async function call<T>(method: string, to: string, body?: object): Promise<T> {
  const res = await send(method, to, body);
  if (res.status === 204) return undefined as T;
  try {
    return await res.json() as T;
  } catch {
    throw new APIError(res.status, 'internal', 'the answer is not JSON');
  }
}

async function send(method: string, to: string, body?: object): Promise<Response> {
  let res: Response;
  try {
    const init: RequestInit = { method, credentials: 'same-origin', cache: 'no-store', redirect: 'error' };
    if (body) {
      init.headers = { 'Content-Type': 'application/json' };
      init.body = JSON.stringify(body);
    }
    res = await fetch(base + to, init);
  } catch {
    throw new APIError(0, 'offline', 'the gateway does not answer');
  }
  if (res.ok) return res;
  const error = await refusal(res);
  // Whoever is signed out is led to the sign-in page, wherever they were.
  if (error.code === 'signed_out') me.value = null;
  throw error;
}

async function refusal(res: Response): Promise<APIError> {
  try {
    const r = await res.json() as { code?: unknown; message?: unknown; retry_after_ms?: unknown };
    const wait = typeof r.retry_after_ms === 'number' ? r.retry_after_ms : 0;
    if (typeof r.code === 'string') return new APIError(res.status, r.code, String(r.message ?? ''), wait);
  } catch {
    // A proxy answered in place of the gateway.
  }
  return new APIError(res.status, res.status >= 500 ? 'unavailable' : 'internal', `HTTP ${res.status}`);
}

// load finds out who is signed in.
export async function load(): Promise<void> {
  me.value = await get<Me>('me');
}

export async function signIn(login: string, password: string): Promise<void> {
  me.value = await post<Me>('sign-in', { login, password });
}

export async function accept(token: string, name: string, password: string): Promise<void> {
  me.value = await post<Me>('accept', { token, name, password });
}

export async function changePassword(old: string, next: string): Promise<void> {
  me.value = await post<Me>('password', { old, new: next });
}

export async function signOut(everywhere: boolean): Promise<void> {
  await post(everywhere ? 'sign-out-everywhere' : 'sign-out');
  me.value = null;
}
