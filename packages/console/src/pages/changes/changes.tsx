import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { call, isRead, useChange, useRead } from '../../data/api.ts';
import { useMe } from '../../data/me.ts';
import { buttonClass } from '../../parts/button.tsx';
import { OutcomeMark } from '../../parts/marks.tsx';
import { MayButton } from '../../parts/may.tsx';
import { Name, places } from '../../parts/name.tsx';
import { tell } from '../../parts/notes.tsx';
import { PersonName } from '../../parts/person-name.tsx';
import { PageHead, Section } from '../../parts/section.tsx';
import { Await, Empty, ErrorNote } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Time } from '../../parts/time.tsx';
import { toExact } from '../../parts/time-words.ts';
import { pollEvery } from '../../session/idle.ts';
import { changesTexts as texts } from '../../texts/changes.ts';
import { Asked } from '../people/asked.tsx';
import { CurrentDraft } from './current-draft.tsx';
import type { Draft, PeopleChange, Version } from './model.ts';
import { changesPage } from './page.ts';

const draftColumns: readonly Column<Draft>[] = [
  {
    title: texts.name,
    stays: true,
    cell: ({ id, name }) => <Name to={places.draft(id)}>{name}</Name>,
    text: ({ name }) => name,
  },
  {
    title: texts.state,
    stays: true,
    cell: ({ state }) => (
      <OutcomeMark outcome={state === 'open' ? 'draft' : 'waiting'}>{texts.states[state]}</OutcomeMark>
    ),
    text: ({ state }) => texts.states[state],
  },
  { title: texts.document, cell: ({ kind }) => texts.kinds[kind], text: ({ kind }) => kind },
  { title: texts.by, cell: ({ authors }) => <Authors ids={authors} />, text: ({ authors }) => authors.join(' ') },
  {
    title: texts.saved,
    cell: ({ changedAt }) => <Time ms={changedAt * 1000} />,
    text: ({ changedAt }) => toExact(changedAt * 1000),
  },
  {
    title: texts.base,
    cell: ({ base, behind }) => (
      <>
        v{base} {behind && <OutcomeMark outcome="look">{texts.behind}</OutcomeMark>}
      </>
    ),
    text: ({ base }) => `v${base}`,
  },
];

const versionColumns: readonly Column<Version>[] = [
  {
    title: texts.version,
    stays: true,
    cell: ({ kind, version }) => <Name to={places.version(kind, version)}>v{version}</Name>,
    text: ({ version }) => String(version),
  },
  {
    title: texts.publishedAt,
    stays: true,
    cell: ({ publishedAt }) => <Time ms={publishedAt * 1000} />,
    text: ({ publishedAt }) => toExact(publishedAt * 1000),
  },
  {
    title: texts.by,
    cell: ({ author, authors }) => <Authors ids={authors.length > 0 ? authors : [author]} />,
    text: ({ author }) => author,
  },
  {
    title: texts.approvedBy,
    cell: ({ approver }) => approver !== null && <PersonName id={approver} />,
    text: ({ approver }) => approver ?? '',
  },
];

/** Drafts, what waits for a second person, and every version there was. */
export function Page() {
  const { permissions } = useMe();
  const drafts = useRead('listDrafts', { query: {} }, { refetchInterval: pollEvery(15_000) });
  const people = useRead('listChanges', {}, { enabled: permissions.includes('read:groups') });
  const waiting =
    (drafts.data?.value.items.filter(({ state }) => state === 'proposed').length ?? 0) +
    (people.data?.value.items.length ?? 0);
  const isKnown = isRead(drafts) && isRead(people);
  return (
    <>
      <PageHead
        says
        title={!isKnown ? changesPage.title : waiting === 0 ? texts.nothingWaits : texts.waits(waiting)}
        lead={texts.lead}
      />
      <CurrentDraft />
      <div className="stack">
        <Section title={texts.drafts} remark={texts.draftsRemark}>
          <Await query={drafts}>
            {({ value: { items } }) =>
              items.length === 0 ? (
                <Empty
                  title={texts.noDrafts}
                  action={
                    <Link to="/access" className={buttonClass()}>
                      {texts.toAccess}
                    </Link>
                  }
                />
              ) : (
                <Table label={texts.drafts} columns={draftColumns} rows={items} rowKey={({ id }) => id} />
              )
            }
          </Await>
        </Section>
        {permissions.includes('read:groups') && (
          <Section title={texts.peopleTitle} remark={texts.peopleRemark}>
            <Await query={people}>{({ value: { items } }) => <PeopleChanges items={items} />}</Await>
          </Section>
        )}
        <Versions kind="access" />
        <Versions kind="resource" />
      </div>
    </>
  );
}

function Authors({ ids }: { readonly ids: readonly string[] }) {
  return ids.map((id, at) => (
    <span key={id}>
      {at > 0 && ', '}
      <PersonName id={id} />
    </span>
  ));
}

/** Versions that stand there at first, and how many come with each look further back. */
const [few, more] = [10, 50];

function Versions({ kind }: { readonly kind: 'access' | 'resource' }) {
  const query = useInfiniteQuery({
    queryKey: ['listVersions', kind, 'pages'],
    queryFn: ({ pageParam: before }) => {
      const asked = before === undefined ? { limit: few } : { limit: more, before };
      return call('listVersions', { params: { kind }, query: asked });
    },
    initialPageParam: undefined as number | undefined,
    getNextPageParam: ({ value: { items } }, pages) =>
      items.length < (pages.length === 1 ? few : more) ? undefined : items.at(-1)?.version,
  });
  return (
    <Section title={`${texts.versions}: ${texts.kinds[kind]}`}>
      <Await query={query}>
        {({ pages }) => (
          <Table
            label={`${texts.versions}: ${texts.kinds[kind]}`}
            columns={versionColumns}
            rows={pages.flatMap(({ value }) => value.items)}
            rowKey={({ version }) => String(version)}
            exportName={`${kind}-versions`}
            more={query}
          />
        )}
      </Await>
    </Section>
  );
}

function PeopleChanges({ items }: { readonly items: readonly PeopleChange[] }) {
  const { id: me } = useMe();
  const touches = ['listChanges', 'listAdministrators', 'listMembers', 'getPerson'] as const;
  const approve = useChange('approveChange', touches);
  const discard = useChange('discardChange', touches);
  if (items.length === 0) return <p className="quiet">{texts.noPeople}</p>;
  const columns: readonly Column<PeopleChange>[] = [
    {
      title: texts.whatIsAsked,
      stays: true,
      cell: (change) => (
        <>
          <b>{change.name}</b>
          <Asked change={change} />
        </>
      ),
      text: ({ name }) => name,
    },
    { title: texts.asks, cell: ({ author }) => <PersonName id={author} />, text: ({ author }) => author },
    { title: texts.gives, cell: ({ widens }) => widens.join('; '), text: ({ widens }) => widens.join('; ') },
    {
      title: texts.approval,
      stays: true,
      text: () => '',
      cell: ({ id, name, digest, author }) => (
        <span className="row">
          {author === me ? (
            <span className="remark">{texts.ownChange}</span>
          ) : (
            <MayButton
              small
              permission="approve"
              onClick={() =>
                approve.mutate({ params: { id }, body: { digest } }, { onSuccess: () => tell(texts.approved(name)) })
              }
            >
              {texts.approve}
            </MayButton>
          )}
          <MayButton
            small
            permission="write:groups"
            onClick={() => discard.mutate({ params: { id } }, { onSuccess: () => tell(texts.discarded(name)) })}
          >
            {texts.discard}
          </MayButton>
        </span>
      ),
    },
  ];
  return (
    <>
      <Table label={texts.peopleTitle} columns={columns} rows={items} rowKey={({ id }) => id} />
      {(approve.error ?? discard.error) && <ErrorNote error={approve.error ?? discard.error} />}
    </>
  );
}
