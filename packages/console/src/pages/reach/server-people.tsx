import { useEffect } from 'react';
import { useList } from '../../data/api.ts';
import type { Answer } from '../../data/problem.ts';
import { Segmented } from '../../parts/button.tsx';
import { Name, places } from '../../parts/name.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, ErrorNote, Loading } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { reachTexts as texts } from '../../texts/reach.ts';
import { clientWords, type Paths } from './path-words.ts';
import style from './reach.module.css';
import { SubjectName } from './subject-name.tsx';
import { Through } from './through.tsx';
import type { Question } from './use-question.ts';

type Row = Answer<'listReaching'>['items'][number];

/** Days after which a way counts as not used. */
export const unusedDays = 90;

export function serverAsked(asked: Question) {
  return { params: { id: asked.server }, query: { limit: 25, ...toReview(asked) } };
}

/** People who reach a server, one by one, as the question narrows them. */
export function ServerPeople({
  all,
  asked,
  ask,
}: {
  readonly all: Paths;
  readonly asked: Question;
  readonly ask: (change: Readonly<Record<string, string>>) => void;
}) {
  const list = useList('listReaching', serverAsked(asked));
  const { items, hasNextPage, isFetching, error, fetchNextPage } = list;
  // Where few of many are left, a page may have nobody: the next one may.
  const goesOn = items.length === 0 && hasNextPage && error === null;
  useEffect(() => {
    if (goesOn && !isFetching) void fetchNextPage();
  }, [goesOn, isFetching, fetchNextPage]);
  return (
    <Section
      title={texts.whoTitle}
      remark={texts.whoRemark}
      action={
        <Segmented
          label={texts.which}
          value={asked.unused ? 'unused' : 'all'}
          options={(['all', 'unused'] as const).map((value) => ({ value, label: texts[value] }))}
          onChange={(value) => ask({ unused: value === 'unused' ? 'yes' : '' })}
        />
      }
    >
      {list.error ? (
        <ErrorNote error={list.error} onRetry={() => void list.refetch()} />
      ) : items.length > 0 ? (
        <Table
          label={texts.whoTitle}
          columns={columnsFor(all)}
          rows={items}
          rowKey={({ person }) => person.id}
          onOpen={({ person }) => ask({ person: person.id, at: '' })}
          more={list}
        />
      ) : !list.data || goesOn ? (
        <Loading rows={6} />
      ) : (
        <Empty title={texts.whoNone}>{texts.whoNoneLead}</Empty>
      )}
    </Section>
  );
}

/** What narrows the list and the export alike. */
export function toReview({ client, scope, unused }: Pick<Question, 'client' | 'scope' | 'unused'>) {
  return {
    ...(client !== '' && { client }),
    ...(scope !== '' && { scope }),
    ...(unused && { unused: unusedDays }),
  };
}

function columnsFor(all: Paths): readonly Column<Row>[] {
  return [
    {
      title: texts.person,
      stays: true,
      width: '30%',
      cell: ({ person: { id, name, email } }) => (
        <>
          <Name to={places.person(id)}>{name}</Name> <span className="remark">{email}</span>
        </>
      ),
      text: ({ person }) => person.email,
    },
    {
      title: texts.because,
      cell: ({ by }) => (
        <ul className={style.lines}>
          {by.map((subject) => (
            <li key={subject}>
              <SubjectName subject={subject} all={all} />
            </li>
          ))}
        </ul>
      ),
      text: ({ by }) => by.join(' '),
    },
    {
      title: texts.client,
      stays: true,
      width: '44%',
      cell: ({ through }) => <Through through={through} nameOf={(id) => clientWords(id, all)} />,
      text: ({ through }) => through.map(({ client, scopes }) => `${client}: ${scopes.join(' ')}`).join('; '),
    },
  ];
}
