import { useNavigate, useParams } from '@tanstack/react-router';
import { useChange, useRead } from '../../data/api.ts';
import { openDraft } from '../../data/open-draft.ts';
import { LongText } from '../../parts/long-text.tsx';
import { MayButton } from '../../parts/may.tsx';
import { places } from '../../parts/name.tsx';
import { PersonName } from '../../parts/person-name.tsx';
import { PageHead, Section } from '../../parts/section.tsx';
import { Await, ErrorNote } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { useTitle } from '../../shell/shell.tsx';
import { changesTexts as texts } from '../../texts/changes.ts';

/** A version as it was published, for good; rolling back to it is a draft. */
export function Page() {
  const { kind: asked, version: number }: { readonly kind?: string; readonly version?: string } = useParams({
    strict: false,
  });
  const kind = asked === 'resource' ? 'resource' : 'access';
  const version = Number(number);
  useTitle(`${texts.version} ${version}`);
  const navigate = useNavigate();
  const query = useRead('getVersion', { params: { kind, version } });
  const latest = useRead('listVersions', { params: { kind }, query: { limit: 1 } });
  const isInForce = latest.data?.value.items[0]?.version === version;
  const back = useChange('createDraft', ['listDrafts']);
  const rollBack = () =>
    back.mutate(
      { query: {}, body: { kind, name: texts.rollBackName(version), version } },
      {
        onSuccess: ({ value: { id } }) => {
          if (kind === 'access') openDraft(id);
          void navigate({ to: places.draft(id) });
        },
      },
    );
  return (
    <Await query={query}>
      {({ value: { author, authors, approver, publishedAt, digest, document } }) => (
        <>
          <PageHead
            title={`${texts.version} ${version}: ${texts.kinds[kind]}`}
            lead={isInForce ? texts.isInForce : texts.rollBackLead}
          >
            {!isInForce && (
              <MayButton permission="apply" disabled={back.isPending} onClick={rollBack}>
                {texts.rollBack(version)}
              </MayButton>
            )}
          </PageHead>
          {back.error && <ErrorNote error={back.error} />}
          <dl className="facts">
            <dt>{texts.publishedAt}</dt>
            <dd>
              <Time ms={publishedAt * 1000} />
            </dd>
            <dt>{texts.by}</dt>
            <dd>
              {(authors.length > 0 ? authors : [author]).map((each) => (
                <PersonName key={each} id={each} />
              ))}
            </dd>
            {approver !== null && (
              <>
                <dt>{texts.approvedBy}</dt>
                <dd>
                  <PersonName id={approver} />
                </dd>
              </>
            )}
            <dt>{texts.digest}</dt>
            <dd>
              <code>{digest}</code>
            </dd>
          </dl>
          <br />
          <Section title={texts.text}>
            <LongText text={JSON.stringify(document, null, 2)} fileName={`${kind}-${version}.json`} />
          </Section>
        </>
      )}
    </Await>
  );
}
