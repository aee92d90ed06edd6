import { Shape } from '../../parts/marks.tsx';
import { accessTexts as texts } from '../../texts/access.ts';
import { Bars, Ring } from './cell-mark.tsx';
import style from './matrix.module.css';

/** What the marks of cells say. */
export function Legend({ hasDraft }: { readonly hasDraft: boolean }) {
  const all = (['low', 'medium', 'high'] as const).map((level) => ({ level, has: 'all' as const }));
  return (
    <ul className={style.legend} aria-label={texts.legend}>
      <li>
        <Bars bars={all} isOwn /> {texts.legendBars}
      </li>
      <li>
        <Bars bars={[{ level: 'medium', has: 'some' }]} isOwn /> {texts.legendSome}
      </li>
      <li>
        <Bars bars={[{ level: 'low', has: 'none' }]} isOwn /> {texts.legendNone}
      </li>
      <li>
        <Bars bars={all.slice(0, 2)} isOwn={false} /> {texts.legendEveryone}
      </li>
      <li>
        <Ring /> {texts.legendRing}
      </li>
      <li>
        <Shape outcome="refused" /> {texts.legendRefused}
      </li>
      {hasDraft && (
        <li>
          <i className={style.changed} /> {texts.changedByDraft}
        </li>
      )}
      <li>{texts.legendBlank}</li>
    </ul>
  );
}
