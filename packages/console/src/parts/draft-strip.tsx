import { Link } from '@tanstack/react-router';
import { partTexts } from '../texts/parts.ts';
import { Button, buttonClass } from './button.tsx';
import style from './draft-strip.module.css';
import { OutcomeMark } from './marks.tsx';
import { Time } from './time.tsx';

/** On every page of the policy while a draft is open: nothing in it is in force. */
export function DraftStrip({
  name,
  changes,
  author,
  savedMs,
  review,
  onLeave,
}: {
  readonly name: string;
  /** How many; `undefined` = not known yet. */
  readonly changes: number | undefined;
  readonly author?: string;
  readonly savedMs: number;
  /** Where the draft is reviewed. */
  readonly review: string;
  readonly onLeave: () => void;
}) {
  return (
    <aside className={style.strip} aria-label={partTexts.draft}>
      <OutcomeMark outcome="draft" />
      <p className={style.words}>
        <b>{name}</b>
        {changes !== undefined && ` ${partTexts.changes(changes)}`}
        {author !== undefined && ` by ${author}`}, {partTexts.saved} <Time ms={savedMs} />. {partTexts.nothingApplies}
      </p>
      <span className="row">
        <Button small onClick={onLeave}>
          {partTexts.leave}
        </Button>
        <Link to={review} className={buttonClass('first', true)}>
          {partTexts.review(changes)}
        </Link>
      </span>
    </aside>
  );
}
