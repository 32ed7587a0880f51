// The settings as a form. It holds no state: what is typed is the draft.

import { useId } from 'preact/hooks';

import { fill, locale } from '../language';
import { Check, Field } from '../ui/field';
import { allFields, allPurposes, type Settings } from './privacy.api';
import type { PrivacyWords } from './privacy.words';

interface Props {
  settings: Settings;
  locales: string[];
  disabled: boolean;
  t: PrivacyWords;
  onChange: (s: Settings) => void;
}

export function Form({ settings: s, locales, disabled, t, onChange }: Props) {
  const set = (part: Partial<Settings>) => onChange({ ...s, ...part });
  const party = (part: Partial<Settings['controller']>) => set({ controller: { ...s.controller, ...part } });
  return (
    <form class="stack" onSubmit={(e) => e.preventDefault()}>
      <fieldset class="panel form" disabled={disabled}>
        <legend><h2>{t.controller}</h2></legend>
        <p class="hint">{t.controllerText}</p>
        <Field label={t.name} value={s.controller.name} onInput={(name) => party({ name })} maxLength={300} />
        <Field label={t.address} value={s.controller.address} onInput={(address) => party({ address })} maxLength={300} />
        <Field label={t.contact} value={s.controller.contact} onInput={(contact) => party({ contact })} maxLength={300} hint={t.contactHint} />
        <Field label={t.dpo} value={s.controller.dpo ?? ''} onInput={(dpo) => party({ dpo })} maxLength={300} hint={t.dpoHint} />
      </fieldset>
      <fieldset class="panel form" disabled={disabled}>
        <legend><h2>{t.policy}</h2></legend>
        <p class="hint">{t.policyText}</p>
        <Policy links={s.privacy_policy} locales={locales} t={t} onChange={(privacy_policy) => set({ privacy_policy })} />
      </fieldset>
      <fieldset class="panel form" disabled={disabled}>
        <legend><h2>{t.asking}</h2></legend>
        <Check checked={s.require} onChange={(require) => set({ require })} label={t.require} />
        <p class="hint">{s.require ? t.requireText : t.requireOff}</p>
        <Mode mode={s.mode} t={t} onChange={(mode) => set({ mode })} />
        <Days label={t.reask} value={s.reask_after_days} onChange={(reask_after_days) => set({ reask_after_days })} />
        <Days label={t.age} value={s.age_limit} onChange={(age_limit) => set({ age_limit })} hint={t.ageHint} />
      </fieldset>
      <Collected settings={s} disabled={disabled} t={t} set={set} />
      <fieldset class="panel form" disabled={disabled}>
        <legend><h2>{t.storage.split(',')[0]}</h2></legend>
        <Lines label={t.recipients} value={s.recipients ?? []} onChange={(recipients) => set({ recipients })} hint={s.recipients ? t.recipientsHint : t.noRecipients} />
        <Lines label={t.storage} value={s.storage_locations} onChange={(storage_locations) => set({ storage_locations })} hint={t.storageHint} />
        <Days label={t.contactDays} value={s.contact_days} onChange={(contact_days) => set({ contact_days })} />
        <Days label={t.proofDays} value={s.proof_days} onChange={(proof_days) => set({ proof_days })} />
      </fieldset>
    </form>
  );
}

function Collected({ settings: s, disabled, t, set }: { settings: Settings; disabled: boolean; t: PrivacyWords; set: (part: Partial<Settings>) => void }) {
  const purpose = (code: string) => s.purposes.find((p) => p.code === code);
  const flip = (code: string, on: boolean) => set({
    purposes: allPurposes.flatMap((c) => (c === code ? (on ? [{ code, valid_days: 0 }] : []) : purpose(c) ?? [])),
  });
  return (
    <>
      <fieldset class="panel form" disabled={disabled}>
        <legend><h2>{t.purposes}</h2></legend>
        {allPurposes.map((c) => (
          <div key={c} class="form">
            <Check checked={!!purpose(c)} onChange={(on) => flip(c, on)} label={t.purpose[c]} />
            {purpose(c) && (
              <Days
                label={fill(t.valid, { purpose: t.purpose[c] ?? c })} value={purpose(c)!.valid_days} hint={t.validHint}
                onChange={(valid_days) => set({ purposes: s.purposes.map((p) => (p.code === c ? { code: c, valid_days } : p)) })}
              />
            )}
          </div>
        ))}
      </fieldset>
      <fieldset class="panel form" disabled={disabled}>
        <legend><h2>{t.fields}</h2></legend>
        {allFields.map((f) => (
          <Check key={f} checked={s.fields.includes(f)} label={t.field[f]} onChange={(on) => set({ fields: allFields.filter((x) => (x === f ? on : s.fields.includes(x))) })} />
        ))}
      </fieldset>
    </>
  );
}

function Policy({ links, locales, t, onChange }: { links: Record<string, string>; locales: string[]; t: PrivacyWords; onChange: (l: Record<string, string>) => void }) {
  const own = locales.some((l) => l in links);
  const put = (l: string, url: string) => {
    const next = { ...links };
    delete next[''];
    for (const other of locales) if (!(other in next) && links['']) next[other] = links[''];
    if (l === '') onChange(url ? { '': url } : {});
    else if (url) onChange({ ...next, [l]: url });
    else {
      delete next[l];
      onChange(next);
    }
  };
  const name = (l: string) => new Intl.DisplayNames([locale.value], { type: 'language' }).of(l) ?? l;
  return (
    <>
      {!own && <Field label={t.policyAll} type="url" value={links[''] ?? ''} onInput={(url) => put('', url)} maxLength={300} placeholder="https://" />}
      {(own || locales.length > 1) && locales.map((l) => (
        <Field key={l} label={fill(t.policyFor, { language: name(l) })} type="url" value={links[l] ?? ''} onInput={(url) => put(l, url)} maxLength={300} placeholder={links[''] ?? 'https://'} />
      ))}
    </>
  );
}

function Mode({ mode, t, onChange }: { mode: string; t: PrivacyWords; onChange: (m: string) => void }) {
  const id = useId();
  return (
    <fieldset class="form">
      <legend>{t.mode}</legend>
      {['separate', 'bundled'].map((m) => (
        <label key={m} class="check"><input type="radio" name={id} checked={mode === m} onChange={() => onChange(m)} /><span>{m === 'separate' ? t.separate : t.bundled}</span></label>
      ))}
      <p class="hint">{t.modeText}</p>
    </fieldset>
  );
}

function Days({ label, value, hint, onChange }: { label: string; value: number; hint?: string; onChange: (n: number) => void }) {
  return <Field label={label} type="number" value={value ? String(value) : ''} onInput={(v) => onChange(Math.max(0, Math.trunc(Number(v)) || 0))} {...(hint ? { hint } : {})} />;
}

// Lines is a list as people type one. A line that is being typed is kept as it is.
function Lines({ label, value, hint, onChange }: { label: string; value: string[]; hint: string; onChange: (lines: string[]) => void }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <textarea
        id={id} rows={Math.max(2, value.length + 1)} dir="auto" aria-describedby={`${id}-hint`} defaultValue={value.join('\n')}
        onInput={(e) => onChange(e.currentTarget.value.split('\n').map((l) => l.trim()).filter(Boolean))}
      />
      <p class="hint" id={`${id}-hint`}>{hint}</p>
    </div>
  );
}
