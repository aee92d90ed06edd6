import { useChange, useRead } from '../../data/api.ts';
import { useMe } from '../../data/me.ts';
import type { Answer } from '../../data/problem.ts';
import { OutcomeMark } from '../../parts/marks.tsx';
import { MayButton } from '../../parts/may.tsx';
import { tell } from '../../parts/notes.tsx';
import { ErrorNote } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { groupTexts as texts } from '../../texts/people.ts';
import { Asked } from './asked.tsx';
import style from './people.module.css';

/** Changes of a group that wait for a second person; nothing of them is done. */
export function Waiting({ group }: { readonly group: Answer<'getGroup'> }) {
  const me = useMe();
  const changes = useRead('listChanges', {});
  const approve = useChange('approveChange', ['listChanges', 'getGroup', 'listPeople', 'getPerson']);
  const discard = useChange('discardChange', ['listChanges']);
  const waiting = (changes.data?.value.items ?? []).filter(
    ({ members }) => members?.kind === group.kind && members.id === group.id,
  );
  const error = approve.error ?? discard.error;
  return (
    <>
      {waiting.map(({ id, digest, name, author, createdAt, members, administrator, widens }) => (
        <aside key={id} className={style.waiting} aria-label={texts.waiting}>
          <OutcomeMark outcome="waiting">{texts.waiting}</OutcomeMark>
          <div className={style.what}>
            <p>
              <b>{name}</b>: {texts.waits(members?.add.length ?? 0, members?.remove.length ?? 0)},{' '}
              <Time ms={createdAt * 1000} />
            </p>
            <Asked change={{ members, administrator }} />
            <p className="remark">{widens.join('; ')}</p>
          </div>
          {author === me.id ? (
            <span className="remark">{texts.own}</span>
          ) : (
            <MayButton
              small
              permission="approve"
              disabled={approve.isPending}
              onClick={() =>
                approve.mutate({ params: { id }, body: { digest } }, { onSuccess: () => tell(texts.approved) })
              }
            >
              {texts.approve}
            </MayButton>
          )}
          <MayButton
            small
            permission="write:groups"
            disabled={discard.isPending}
            onClick={() => discard.mutate({ params: { id } }, { onSuccess: () => tell(texts.discarded) })}
          >
            {texts.discard}
          </MayButton>
        </aside>
      ))}
      {error !== null && <ErrorNote error={error} />}
    </>
  );
}
