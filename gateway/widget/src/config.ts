// The site's configuration: what a visitor sees before there is a conversation.

import type { Event, Expect, Limits } from './protocol';

export interface Config {
  name: string;
  locale: string;
  dir?: string;
  flow: string;
  greeting?: Event[] | null;
  expect?: Expect;
  limits?: Limits;
  gdpr?: { title: string; sections?: { heading: string; paragraphs?: string[] | null }[] | null };
  policy_url?: string;
  look?: { avatar?: string };
}

// get sends nothing that could tell visitors apart.
function get(url: string): Promise<Response> {
  return fetch(url, { credentials: 'omit', referrerPolicy: 'no-referrer' });
}

// Refusal says why there is no configuration: an HTTP status, or -1 where there is no answer.
export interface Refusal { status: number; code: string }

// fetchConfig asks for the status where the answer cannot be read: from another origin a
// refusal looks like a broken network.
export async function fetchConfig(base: string, site: string, locale: string, page: string): Promise<Config | Refusal> {
  try {
    const answer = await get(`${base}/v1/sites/${encodeURIComponent(site)}/widget?locale=${encodeURIComponent(locale)}&page=${encodeURIComponent(page)}`);
    if (answer.ok) return (await answer.json()) as Config;
    const { code = '' } = (await answer.json().catch(() => ({}))) as Partial<Refusal>;
    return { status: answer.status, code };
  } catch {
    const status = await fetchStatus(base, site);
    return status?.ok ? { status: 403, code: 'unreadable' } : { status: status?.reason === 'unknown_site' ? 404 : -1, code: status?.reason ?? '' };
  }
}

export interface Status { ok: boolean; reason?: string; retry_after_ms?: number }

// A browser cannot see why a handshake was refused; this asks.
export async function fetchStatus(base: string, site: string): Promise<Status | undefined> {
  try {
    return (await (await get(`${base}/v1/status?site=${encodeURIComponent(site)}`)).json()) as Status;
  } catch {
    return undefined;
  }
}
