import { useList } from '../../data/api.ts';
import { useThings } from '../../data/names.ts';
import type { Answer } from '../../data/problem.ts';
import { Name, places } from '../../parts/name.tsx';
import { Section } from '../../parts/section.tsx';
import { ErrorNote, Loading } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { reachTexts as texts } from '../../texts/reach.ts';
import { Through } from './through.tsx';
import type { Question } from './use-question.ts';

type Row = Answer<'reachOfPerson'>['items'][number];

export function personAsked({ person }: Question) {
  return { params: { id: person }, query: { limit: 25, only: 'reached' } } as const;
}

/** Servers that one person reaches, all of them. */
export function PersonServers({
  asked,
  ask,
}: {
  readonly asked: Question;
  readonly ask: (change: Readonly<Record<string, string>>) => void;
}) {
  const { clientNames } = useThings();
  const list = useList('reachOfPerson', personAsked(asked));
  if (list.error) return <ErrorNote error={list.error} onRetry={() => void list.refetch()} />;
  if (!list.data) return <Loading rows={4} />;
  const isMeant = ({ client }: Row['through'][number]) => asked.client === '' || client === asked.client;
  const rows = list.items.filter(({ through }) => through.some(isMeant));
  if (rows.length === 0 && !list.hasNextPage) return null;
  const columns: readonly Column<Row>[] = [
    {
      title: texts.server,
      stays: true,
      width: '30%',
      cell: ({ server: { id, name } }) => <Name to={places.server(id)}>{name}</Name>,
      text: ({ server }) => server.id,
    },
    {
      title: texts.client,
      stays: true,
      cell: ({ through }) => (
        <Through through={through.filter(isMeant)} nameOf={(client) => clientNames.get(client) ?? client} />
      ),
      text: ({ through }) =>
        through
          .filter(isMeant)
          .map(({ client, scopes }) => `${client}: ${scopes.join(' ')}`)
          .join('; '),
    },
  ];
  return (
    <Section title={texts.whatTitle} remark={texts.whoRemark}>
      <Table
        label={texts.whatTitle}
        columns={columns}
        rows={rows}
        rowKey={({ server }) => server.id}
        onOpen={({ server }) => ask({ server: server.id, at: '' })}
        more={list}
        exportName="reach"
      />
    </Section>
  );
}
