import { choose, locale, locales, useWords } from '../language';
import { useValue } from '../observable';
import { en } from '../words/en';
import { pl } from '../words/pl';

const names = { en: en.language, pl: pl.language };

// LanguageSwitch names each language in that language.
export function LanguageSwitch() {
  const words = useWords();
  const now = useValue(locale);
  return (
    <div class="languages" role="group" aria-label={words.switchLanguage}>
      {locales.map((l) => (
        <button key={l} type="button" class="link" lang={l} aria-pressed={l === now} onClick={() => choose(l)}>{names[l]}</button>
      ))}
    </div>
  );
}
