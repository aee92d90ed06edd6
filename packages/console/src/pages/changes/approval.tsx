import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { readAgain, useChange, useRead } from '../../data/api.ts';
import { useMe } from '../../data/me.ts';
import { useThings } from '../../data/names.ts';
import { openDraft } from '../../data/open-draft.ts';
import type { Answer, OperationId } from '../../data/problem.ts';
import { Button } from '../../parts/button.tsx';
import { OutcomeMark } from '../../parts/marks.tsx';
import { MayButton } from '../../parts/may.tsx';
import { tell } from '../../parts/notes.tsx';
import { PersonName } from '../../parts/person-name.tsx';
import { Verdict } from '../../parts/section.tsx';
import { ErrorNote } from '../../parts/states.tsx';
import { changesTexts as texts } from '../../texts/changes.ts';
import style from './changes.module.css';
import { approvalOf, type Diff, type OpenedDraft } from './model.ts';

/** What whoever approves would get by it themselves: the record says who approved, and this is what others will ask. */
function useOwnGain(draft: string, isAsked: boolean) {
  const { id: person, permissions } = useMe();
  const enabled = isAsked && permissions.includes('read:reach');
  return useRead('whatIf', { params: { id: draft }, query: { person } }, { enabled });
}

function OwnGain({ gained }: Pick<Answer<'whatIf'>, 'gained'>) {
  const { serverNames, clientNames } = useThings();
  if (gained.length === 0) return <p className="quiet">{texts.youGainNothing}</p>;
  return (
    <>
      <OutcomeMark outcome="look">{texts.youGain}</OutcomeMark>
      <ul className={`remark ${style.reasons}`}>
        {gained.map(({ client, server, scopes }) => (
          <li key={`${client} ${server}`}>
            <code>{scopes.join(' ')}</code>{' '}
            {texts.onThrough(serverNames.get(server) ?? server, clientNames.get(client) ?? client)}
          </li>
        ))}
      </ul>
    </>
  );
}

/** What another version in force changes, on any page; and what was asked for is answered by it. */
const published = [
  'listVersions',
  'getMatrix',
  'getCell',
  'getOverview',
  'listRequests',
  'getRequest',
  'draftSteps',
  'serverSteps',
] as const;

interface Asked {
  readonly draft: OpenedDraft;
  readonly etag: string;
  readonly touches: readonly OperationId[];
}

/** Who has to agree and why. Nobody is asked to before it stands on the page what they would agree to. */
export function ApprovalBox({ diff, ...asked }: Asked & { readonly diff: Diff | undefined }) {
  return (
    <section className={style.box} aria-label={texts.approval} data-waits={diff ? undefined : ''}>
      <h2>{texts.approval}</h2>
      {diff ? <Agree diff={diff} {...asked} /> : <p className="quiet">{texts.notYet}</p>}
    </section>
  );
}

/** The button says what it does in people. */
function Agree({ draft, diff, etag, touches }: Asked & { readonly diff: Diff }) {
  const { id, base } = draft;
  const queries = useQueryClient();
  // Words and numbers are those of one text: that one is approved, and none while the draft is already another.
  const isOther = diff.digest !== draft.digest;
  const me = useMe();
  const navigate = useNavigate();
  const approval = approvalOf(draft, diff, me.id);
  const own = useOwnGain(id, approval.kind === 'approve' && draft.kind === 'access');
  const propose = useChange('proposeDraft', touches);
  // Of a draft that is published nothing can be read any more.
  const publish = useChange('publishDraft', ['listDrafts', ...published]);
  const ask = () => propose.mutate({ params: { id }, ifMatch: etag }, { onSuccess: () => tell(texts.proposed) });
  const go = () =>
    publish.mutate(
      { params: { id }, body: { digest: diff.digest } },
      {
        onSuccess: ({ value: { version } }) => {
          openDraft('');
          void navigate({ to: '/changes' });
          tell(texts.published(version));
        },
        onError: () => void readAgain(queries, touches),
      },
    );
  const words = {
    publish: approval.kind === 'publish' && approval.why === 'takes' ? texts.onlyTakes : texts.nobodyElse,
    propose: texts.needsSecond,
    waits: `${texts.needsSecond} ${texts.youWrote}`,
    approve: `${texts.needsSecond} ${texts.youMay}`,
  }[approval.kind];
  return (
    <>
      <Verdict size="small">{words}</Verdict>
      {own.data && <OwnGain gained={own.data.value.gained} />}
      <p className="quiet">
        {texts.by}{' '}
        {draft.authors.map((author, at) => (
          <span key={author}>
            {at > 0 && ', '}
            <PersonName id={author} />
          </span>
        ))}
      </p>
      {diff.widens.length > 0 && (
        <details>
          <summary>{texts.whyWidens}</summary>
          <ul className={`remark ${style.reasons}`}>
            {diff.widens.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        </details>
      )}
      {approval.kind === 'propose' && (
        <MayButton kind="first" permission="apply" disabled={propose.isPending || isOther} onClick={ask}>
          {texts.propose}
        </MayButton>
      )}
      {(approval.kind === 'publish' || approval.kind === 'approve') && (
        <MayButton
          kind="first"
          permission="publish"
          disabled={publish.isPending || draft.behind || isOther || own.isLoading}
          onClick={go}
        >
          {(approval.kind === 'publish' ? texts.publish : texts.approveAndPublish)(diff.gain, diff.lose)}
        </MayButton>
      )}
      {isOther && (
        <div role="status" className="row">
          <span className="quiet">{texts.otherText}</span>
          <Button small onClick={() => void readAgain(queries, touches)}>
            {texts.readAgain}
          </Button>
        </div>
      )}
      {(propose.error ?? publish.error) && <ErrorNote error={propose.error ?? publish.error} />}
      <p className="remark">{texts.stepBack(base)}</p>
    </>
  );
}
