// A site's privacy settings, as the API has them.

export interface Settings {
  controller: { name: string; address: string; contact: string; dpo?: string };
  privacy_policy: Record<string, string>;
  require: boolean;
  mode: string;
  purposes: { code: string; valid_days: number }[];
  fields: string[];
  recipients: string[] | null;
  storage_locations: string[];
  contact_days: number;
  proof_days: number;
  reask_after_days: number;
  age_limit: number;
}

export interface Revision {
  revision: number;
  actor: string;
  at?: string;
  settings: Settings;
  warnings: string[];
  locales: string[];
}

export interface Card {
  locale: string;
  title: string;
  body: string;
  purposes: { text: string }[] | null;
  fields: { text: string }[] | null;
  withdraw: string;
  accept: string;
  decline: string;
  policy: { mode: string; url?: string; label: string };
}

export interface Preview {
  problems: string[];
  warnings: string[];
  anew: boolean;
  locales: Record<string, { cards: Card[]; information: { title: string; sections: { heading: string; paragraphs: string[] | null }[] | null } }>;
}

export const allPurposes = ['lead_contact', 'marketing_email', 'marketing_phone', 'marketing_sms'];
export const allFields = ['name', 'email', 'phone'];

// changed lists what differs between two versions, as paths.
export function changed(a: Settings, b: Settings): { path: string; was: string; is: string }[] {
  const flat = (s: Settings) => new Map(Object.entries(s).flatMap(([key, v]): [string, string][] => (
    key === 'controller' || key === 'privacy_policy'
      ? Object.entries(v as Record<string, string>).map(([k, x]) => [`${key}.${k}`, x])
      : [[key, Array.isArray(v) ? v.map((x) => (typeof x === 'string' ? x : `${x.code}${x.valid_days ? ` (${x.valid_days})` : ''}`)).join(', ') : String(v ?? '')]]
  )));
  const was = flat(a);
  const is = flat(b);
  return [...new Set([...was.keys(), ...is.keys()])]
    .map((path) => ({ path, was: was.get(path) ?? '', is: is.get(path) ?? '' }))
    .filter((c) => c.was !== c.is);
}
