import { useNavigate, useParams } from '@tanstack/react-router';
import { useChange, useRead, useReadAhead } from '../../data/api.ts';
import { openDraft } from '../../data/open-draft.ts';
import { toProblem } from '../../data/problem.ts';
import { Button } from '../../parts/button.tsx';
import { OutcomeMark } from '../../parts/marks.tsx';
import { MayButton } from '../../parts/may.tsx';
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
import { canBeginAgain, type OpenedDraft } from './model.ts';
import { ReplayOf } from './replay.tsx';
import { TryOne } from './try-one.tsx';

const touches = ['getDraft', 'listDrafts', 'diffDraft', 'draftSteps', 'whatIf'] as const;

/** One draft: what it would do to everybody, to what was decided, to one person; and who has to agree. */
export function Page() {
  const { id = '' }: { readonly id?: string } = useParams({ strict: false });
  const draft = useRead('getDraft', { params: { id } });
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
  const drop = () =>
    discard.mutate(
      { params: { id }, ifMatch: etag },
      {
        onSuccess: () => {
          openDraft('');
          void navigate({ to: '/changes' });
          const restore = () => again.mutate({ body: { kind, name, document: draft.document } });
          tell(texts.discarded(name), canBeginAgain(draft) ? restore : undefined);
        },
      },
    );
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
        <MayButton permission="apply" onClick={drop}>
          {texts.discard}
        </MayButton>
      </PageHead>
      {discard.error && <ErrorNote error={discard.error} />}
      {behind && <Rebase id={id} etag={etag} />}
      {diff.data && diff.error && <ErrorNote error={diff.error} onRetry={() => void diff.refetch()} />}
      <Await query={diff} rows={5}>
        {({ value }) => (
          <div className="columns">
            <div className="stack">
              <WhatChanges diff={value} />
              <Elsewhere diff={value} />
              <Entries diff={value} />
              {kind === 'access' && <ReplayOf id={id} digest={value.digest} />}
              {kind === 'access' && <StepsOf id={id} />}
            </div>
            <div className="stack">
              {kind === 'access' && <AskedFor draft={id} />}
              <ApprovalBox draft={draft} diff={value} etag={etag} touches={touches} />
              {kind === 'access' && <TryOne id={id} />}
            </div>
          </div>
        )}
      </Await>
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
