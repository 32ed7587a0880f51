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
  look?: { color?: string; position?: string };
}

export class HTTPError extends Error {
  constructor(readonly status: number) {
    super(`zgoda: the gateway answered ${status}`);
  }
}

export async function fetchConfig(base: string, site: string, locale: string): Promise<Config> {
  const url = `${base}/v1/sites/${encodeURIComponent(site)}/widget?locale=${encodeURIComponent(locale)}`;
  const answer = await fetch(url, { credentials: 'omit', referrerPolicy: 'no-referrer' });
  if (!answer.ok) throw new HTTPError(answer.status);
  return answer.json() as Promise<Config>;
}

export interface Status { ok: boolean; reason?: string; retry_after_ms?: number }

// A browser cannot see why a handshake was refused; this asks.
export async function fetchStatus(base: string, site: string): Promise<Status | undefined> {
  try {
    const answer = await fetch(`${base}/v1/status?site=${encodeURIComponent(site)}`, {
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      cache: 'no-store',
    });
    return (await answer.json()) as Status;
  } catch {
    return undefined;
  }
}
