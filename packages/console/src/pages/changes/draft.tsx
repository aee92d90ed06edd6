import { useNavigate } from '@tanstack/react-router';
import { call, useChange, useRead, useReadAhead } from '../../data/api.ts';
import { openDraft } from '../../data/open-draft.ts';
import { toProblem } from '../../data/problem.ts';
import { Button } from '../../parts/button.tsx';
import { OutcomeMark } from '../../parts/marks.tsx';
import { MayButton } from '../../parts/may.tsx';
import { useNamed } from '../../parts/named.ts';
import { tell } from '../../parts/notes.tsx';
import { PageHead, Section } from '../../parts/section.tsx';
import { Await, ErrorNote } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { useTitle } from '../../shell/shell.tsx';
import { changesTexts as texts } from '../../texts/changes.ts';
import { RemainingSteps } from '../servers/steps.tsx';
import { ApprovalBox } from './approval.tsx';
import { AskedFor } from './asked-for.tsx';
import { Elsewhere, Entries, WhatChanges } from './diff.tsx';
import { canBeginAgain, type Diff, type OpenedDraft } from './model.ts';
import { ReplayOf } from './replay.tsx';
import { TryOne } from './try-one.tsx';

const touches = ['getDraft', 'getDraftHead', 'listDrafts', 'diffDraft', 'draftSteps', 'whatIf'] as const;

/**
 * One draft: what it would do to everybody, to what was decided, to one person; and who has to agree. Its head is there at once, and can be
 * worked with; what it does comes when it is compared and counted, and until then nobody is asked to agree.
 */
export function Page() {
  const id = useNamed('id');
  const draft = useRead('getDraftHead', { params: { id } });
  useReadAhead('diffDraft', { params: { id } });
  return <Await query={draft}>{({ value, etag }) => <Opened draft={value} etag={etag ?? ''} />}</Await>;
}

function Opened({ draft, etag }: { readonly draft: OpenedDraft; readonly etag: string }) {
  const { id, name, kind, base, behind, state, changedAt } = draft;
  useTitle(name);
  const navigate = useNavigate();
  const diff = useRead('diffDraft', { params: { id } });
  const discard = useChange('discardDraft', ['listDrafts', 'listRequests', 'getRequest']);
  const again = useChange('createDraft', ['listDrafts']);
  const drop = async () => {
    // Read now: once it is discarded, Undo could not.
    const text = canBeginAgain(draft) ? await call('getDraft', { params: { id } }).catch(() => undefined) : undefined;
    discard.mutate(
      { params: { id }, ifMatch: etag },
      {
        onSuccess: () => {
          openDraft('');
          void navigate({ to: '/changes' });
          tell(
            texts.discarded(name),
            text && (() => again.mutateAsync({ query: {}, body: { kind, name, document: text.value.document } })),
          );
        },
      },
    );
  };
  return (
    <>
      <p>
        <OutcomeMark outcome={state === 'open' ? 'draft' : 'waiting'}>{texts.title[state]}</OutcomeMark>
      </p>
      <PageHead
        says
        title={name}
        lead={
          <>
            {texts.saved} <Time ms={changedAt * 1000} />. {behind ? texts.isBehind(base) : texts.startsFrom(base)}
          </>
        }
      >
        {kind === 'access' && (
          <Button
            onClick={() => {
              openDraft(id);
              void navigate({ to: '/access' });
            }}
          >
            {texts.workOn}
          </Button>
        )}
        <MayButton permission="apply" onClick={() => void drop()}>
          {texts.discard}
        </MayButton>
      </PageHead>
      {discard.error && <ErrorNote error={discard.error} />}
      {behind && <Rebase id={id} etag={etag} />}
      {diff.data && diff.error && <ErrorNote error={diff.error} onRetry={() => void diff.refetch()} />}
      <div className="columns">
        <div className="stack">
          {diff.data ? (
            <Consequences draft={draft} diff={diff.data.value} />
          ) : (
            <Section title={texts.whatChanges} remark={diff.error ? undefined : texts.comparing}>
              <Await query={diff} rows={5}>
                {() => null}
              </Await>
            </Section>
          )}
        </div>
        <div className="stack">
          {kind === 'access' && <AskedFor draft={id} />}
          <ApprovalBox draft={draft} diff={diff.data?.value} etag={etag} touches={touches} />
          {kind === 'access' && <TryOne id={id} />}
        </div>
      </div>
    </>
  );
}

/** What it does, in words, as text, and to what was decided: all of one text of it. */
function Consequences({ draft: { id, kind }, diff }: { readonly draft: OpenedDraft; readonly diff: Diff }) {
  return (
    <>
      <WhatChanges diff={diff} />
      <Elsewhere diff={diff} />
      <Entries diff={diff} />
      {kind === 'access' && <ReplayOf id={id} digest={diff.digest} />}
      {kind === 'access' && <StepsOf id={id} />}
    </>
  );
}

/** What a draft leaves to be done by hand. */
function StepsOf({ id }: { readonly id: string }) {
  const { data } = useRead('draftSteps', { params: { id } });
  return data?.value.items.map((of) => <RemainingSteps key={of.server} of={of} isDraft />);
}

/** Another version came first: the draft is moved onto it, and where both changed the same, a side is chosen. */
function Rebase({ id, etag }: { readonly id: string; readonly etag: string }) {
  const rebase = useChange('rebaseDraft', touches);
  const isConflict = rebase.error !== null && toProblem(rebase.error).code === 'draft_conflict';
  const move = (prefer?: 'mine' | 'theirs') =>
    rebase.mutate({ params: { id }, body: { ...(prefer && { prefer }) }, ifMatch: etag });
  return (
    <Section title={texts.rebase}>
      <div className="row">
        <MayButton permission="apply" onClick={() => move()}>
          {texts.rebase}
        </MayButton>
        {isConflict && (
          <>
            <span className="quiet">{texts.conflict}</span>
            <Button onClick={() => move('mine')}>{texts.mine}</Button>
            <Button onClick={() => move('theirs')}>{texts.theirs}</Button>
          </>
        )}
      </div>
      {rebase.error && <ErrorNote error={rebase.error} />}
    </Section>
  );
}
