import { fill } from '../language';
import { useValue } from '../observable';
import { CLOSE_SUPERSEDED } from '../desk/protocol';
import { Button } from '../ui/button';
import { Icon } from '../ui/icon';
import { clock } from './format';
import { desk, useChatWords } from './here';

// A moment without a line is not worth a word.
const patience = 1500;

// Status says that what is shown is not live, from the moment that somebody could be misled by it.
export function Status() {
  const words = useChatWords();
  const s = useValue(desk.status);
  const lasts = s.phase !== 'live' && s.lost > 0;
  const brief = s.phase === 'connecting' && Date.now() - s.lost < patience;
  if (!lasts || brief) return <div class="status-box" role="status" />;
  const text = s.phase === 'stopped' ? (s.code === CLOSE_SUPERSEDED ? words.status.superseded : words.status.stopped) : words.status[s.phase as 'connecting' | 'waiting'];
  return (
    <div class="status-box" role="status">
      <p class="not-live" data-phase={s.phase}>
        <Icon name="alert" />
        <span>{text} <span class="hint">({fill(words.status.since, { time: clock(s.lost) })})</span></span>
        {s.phase !== 'connecting' && <Button onClick={() => desk.nudge(true)}>{words.status.now}</Button>}
      </p>
    </div>
  );
}
