import { useEffect, useId, useRef, useState } from 'preact/hooks';

import { me, type Reply } from '../api';
import { useChatWords } from './here';

interface Props {
  site: string;
  text: (r: Reply) => string;
  onPick: (r: Reply | undefined) => void;
}

// Replies is a combobox over the site's canned replies: type to search, arrows to choose, Enter to
// take, Escape to leave.
export function Replies({ site, text, onPick }: Props) {
  const words = useChatWords();
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const all = me.value?.sites.find((s) => s.site === site)?.replies ?? [];
  const needle = query.toLowerCase();
  const found = all.filter((r) => `${r.name} ${text(r)}`.toLowerCase().includes(needle));
  useEffect(() => field.current?.focus(), []);
  const keys = (e: KeyboardEvent) => {
    const next = { ArrowDown: at + 1, ArrowUp: at - 1 }[e.key];
    if (next !== undefined) setAt((next + found.length) % Math.max(1, found.length));
    else if (e.key === 'Enter') onPick(found[at]);
    else if (e.key === 'Escape') onPick(undefined);
    else return;
    e.preventDefault();
    e.stopPropagation();
  };
  return (
    <div class="replies">
      <input
        ref={field} type="text" role="combobox" aria-expanded={found.length > 0} aria-controls={`${id}-list`} aria-autocomplete="list" aria-label={words.composer.repliesSearch}
        aria-activedescendant={found[at] ? `${id}-${at}` : undefined} placeholder={words.composer.repliesSearch} value={query}
        onInput={(e) => { setQuery(e.currentTarget.value); setAt(0); }} onKeyDown={keys}
      />
      {found.length > 0
        ? (
          <ul id={`${id}-list`} role="listbox" aria-label={words.composer.replies}>
            {found.map((r, i) => (
              <li key={r.name} id={`${id}-${i}`} role="option" aria-selected={i === at} onPointerDown={(e) => { e.preventDefault(); onPick(r); }}>
                <strong>/{r.name}</strong> <span dir="auto">{text(r)}</span>
              </li>
            ))}
          </ul>
        )
        : <p class="hint" id={`${id}-list`}>{all.length ? words.inbox.nothingFound : words.composer.noReplies}</p>}
    </div>
  );
}
