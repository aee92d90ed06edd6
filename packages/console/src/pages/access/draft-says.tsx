import { useRead } from '../../data/api.ts';
import { Verdict } from '../../parts/section.tsx';
import { accessTexts as texts } from '../../texts/access.ts';
import style from './cell.module.css';

/** Sentences that are shown; the others are on the page of the draft. */
const most = 6;

/** What the draft would do, recounted after each touch: what it does at this server first. */
export function DraftSays({
  id,
  server,
  isSaving,
}: {
  readonly id: string;
  readonly server: string;
  readonly isSaving: boolean;
}) {
  const { data, isFetching, error } = useRead('diffDraft', { params: { id } });
  // What could not be counted anew is what a text before this one did.
  const counted = error === null ? data?.value : undefined;
  const effects = counted?.effects ?? [];
  const here = effects.filter((effect) => effect.server === server);
  const ordered = [...here, ...effects.filter((effect) => effect.server !== server)];
  const isBehind = isSaving || isFetching;
  return (
    <div role="status" aria-busy={isBehind} className={style.says} data-behind={isBehind || undefined}>
      <Verdict>{here[0]?.words ?? summary(counted?.summary, effects.length > 0, error)}</Verdict>
      {here.length > 0 && <p className="remark">{counted?.summary}</p>}
      <ul className={style.rules}>
        {ordered.slice(here.length > 0 ? 1 : 0, most).map(({ sign, words }) => (
          <li key={sign + words}>{words}</li>
        ))}
      </ul>
      {ordered.length > most && <p className="remark">{texts.moreEffects(ordered.length - most)}</p>}
    </div>
  );
}

function summary(words: string | undefined, isElsewhere: boolean, error: unknown): string {
  if (error) return texts.notCounted;
  if (words === undefined) return texts.counting;
  return isElsewhere ? `${texts.nothingHere} ${words}` : words;
}
