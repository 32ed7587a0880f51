// What visitors of each language would see: the card word by word, and the information behind it.

import { useState } from 'preact/hooks';

import { locale } from '../language';
import { Select } from '../ui/field';
import type { Card, Preview } from './privacy.api';
import type { PrivacyWords } from './privacy.words';

export function Shown({ preview, t }: { preview: Preview; t: PrivacyWords }) {
  const all = Object.keys(preview.locales);
  const [chosen, setChosen] = useState('');
  const now = all.includes(chosen) ? chosen : all.find((l) => l.startsWith(locale.value)) ?? all[0];
  const shown = now ? preview.locales[now] : undefined;
  const name = (l: string) => new Intl.DisplayNames([locale.value], { type: 'language' }).of(l) ?? l;
  return (
    <section class="panel stack">
      <h2>{t.preview}</h2>
      {preview.warnings.length > 0 && (
        <div class="stack"><strong>{t.warnings}</strong><ul class="problems">{preview.warnings.map((w) => <li key={w} dir="auto">{w.replace(/^.*?:\d+:\d+: /, '')}</li>)}</ul></div>
      )}
      {all.length > 1 && <Select label={t.language} value={now ?? ''} onChange={setChosen} options={all.map((l) => ({ value: l, label: name(l) }))} />}
      {shown && (
        <div class="stack" lang={now}>
          {shown.cards.length === 0 && <p class="badge warn">{t.off}</p>}
          {shown.cards.map((c, i) => <CardShown key={i} card={c} />)}
          <details>
            <summary>{shown.information.title}</summary>
            <div class="shown">
              {(shown.information.sections ?? []).map((s) => <div key={s.heading}><strong>{s.heading}</strong>{(s.paragraphs ?? []).map((p, i) => <p key={i}>{p}</p>)}</div>)}
            </div>
          </details>
        </div>
      )}
    </section>
  );
}

function CardShown({ card }: { card: Card }) {
  return (
    <article class="card-shown" dir="auto">
      <h3>{card.title}</h3>
      {card.body.split('\n').map((line, i) => <p key={i}>{line}</p>)}
      <ul>{[...card.purposes ?? [], ...card.fields ?? []].map((x, i) => <li key={i}>{x.text}</li>)}</ul>
      <p>{card.withdraw}</p>
      <p class="card-answers"><span>{card.accept}</span><span>{card.decline}</span></p>
      <p class="hint">{card.policy.label} <bdi>{card.policy.url}</bdi></p>
    </article>
  );
}
