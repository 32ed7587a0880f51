// What the API says about people.

export type Purpose = string;

export interface ConsentStatus {
  status: string;
  since?: string;
  notice?: string;
  method?: string;
  valid_until?: string;
}

export interface OverviewRow {
  visitor: string;
  first_seen: string;
  consents: Record<Purpose, ConsentStatus>;
  fields?: Record<string, string>;
  restricted?: boolean;
}

export interface Overview {
  as_of: string;
  counts: Record<Purpose, Record<string, number>>;
  rows: OverviewRow[] | null;
  next?: string;
}

export interface ProofEntry {
  id: string;
  seq: number;
  purpose: Purpose;
  kind: string;
  notice?: string;
  actor: string;
  method: string;
  occurred_at: string;
  valid_until?: string;
  grant?: string;
}

export interface Person {
  visitor: string;
  first_seen: string;
  erased_at?: string;
  fields?: Record<string, string>;
  collected_at?: string;
  grant?: string;
  policy?: string;
  restricted_at?: string;
  consents: Record<Purpose, ConsentStatus>;
  proof: { entries: ProofEntry[] | null; notices: { hash: string; canonical: string }[] | null; head: string };
}

export interface AuditEntry {
  id: string;
  at: string;
  actor: string;
  action: string;
  visitor?: string;
  reason?: string;
  count?: number;
}

// A NoticeText is a card as it was shown, word by word.
export interface NoticeText {
  locale: string;
  title: string;
  body: string;
  purposes: { text: string }[] | null;
  fields: { text: string }[] | null;
  withdraw: string;
  accept: string;
  decline: string;
  policy: { url?: string; label: string };
}

export function noticeOf(canonical: string): NoticeText | undefined {
  try {
    return JSON.parse(canonical) as NoticeText;
  } catch {
    return undefined;
  }
}

export const statuses = ['granted', 'declined', 'withdrawn', 'expired', 'deferred', 'requested', 'not_asked', 'erased'] as const;

// tone is the colour a status has; the word is always beside it.
export function tone(status: string): string {
  return { granted: 'badge good', declined: 'badge bad', withdrawn: 'badge bad', erased: 'badge bad', expired: 'badge warn' }[status] ?? 'badge';
}

const usual = ['name', 'email', 'phone'];

// inOrder is contact fields as people read them: the name, then how to reach them, then the rest.
export function inOrder(fields: Record<string, string> | undefined): [string, string][] {
  const rank = (f: string) => (usual.includes(f) ? usual.indexOf(f) : usual.length);
  return Object.entries(fields ?? {}).sort(([a], [b]) => rank(a) - rank(b) || a.localeCompare(b));
}
