import { useList } from '../../data/api.ts';
import type { Answer } from '../../data/problem.ts';
import { Name, places } from '../../parts/name.tsx';
import { Section } from '../../parts/section.tsx';
import { ErrorNote, Loading } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { toNumber } from '../../parts/time-words.ts';
import { reachTexts as texts } from '../../texts/reach.ts';
import style from './reach.module.css';
import { SubjectName } from './subject-name.tsx';
import type { Question } from './use-question.ts';

type Row = Answer<'reachOfClient'>['items'][number];

/** Of more groups it is said how many. */
const mostNames = 5;

export function clientAsked({ client }: Question) {
  return { params: { id: client }, query: { limit: 20 } };
}

/** Servers that know a client, and whom rules let go there through it. */
export function ClientServers({
  asked,
  ask,
}: {
  readonly asked: Question;
  readonly ask: (change: Readonly<Record<string, string>>) => void;
}) {
  const list = useList('reachOfClient', clientAsked(asked));
  if (list.error) return <ErrorNote error={list.error} onRetry={() => void list.refetch()} />;
  if (!list.data) return <Loading rows={4} />;
  const subjects = list.data.pages.flatMap(({ value }) => value.subjects);
  const columns: readonly Column<Row>[] = [
    {
      title: texts.server,
      stays: true,
      cell: ({ server: { id, name } }) => <Name to={places.server(id)}>{name}</Name>,
      text: ({ server }) => server.id,
    },
    {
      title: texts.whom,
      stays: true,
      cell: (row) => (
        <ul className={style.lines}>
          {given(row, 'to')
            .slice(0, mostNames)
            .map((subject) => (
              <li key={subject}>
                <SubjectName subject={subject} all={{ subjects: subjects.map((one) => ({ ...one, people: 0 })) }} />
              </li>
            ))}
          {given(row, 'to').length > mostNames && (
            <li className="remark">{texts.more(given(row, 'to').length - mostNames)}</li>
          )}
        </ul>
      ),
      text: (row) => given(row, 'to').join(' '),
    },
    {
      title: texts.scopes,
      cell: (row) => <code>{given(row, 'scopes').join(' ')}</code>,
      text: (row) => given(row, 'scopes').join(' '),
    },
    { title: texts.peopleUsed, number: true, cell: ({ used }) => toNumber(used), text: ({ used }) => String(used) },
  ];
  return (
    <Section title={texts.whereTitle}>
      <Table
        label={texts.whereTitle}
        columns={columns}
        rows={list.items}
        rowKey={({ server }) => server.id}
        onOpen={({ server }) => ask({ server: server.id, at: '' })}
        more={list}
        exportName="reach"
      />
    </Section>
  );
}

/** What the rules that allow something say, each once. */
function given({ rules }: Row, what: 'to' | 'scopes'): readonly string[] {
  return [...new Set(rules.filter(({ effect }) => effect === 'allow').flatMap((rule) => rule[what]))];
}
