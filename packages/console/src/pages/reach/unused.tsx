import { useList } from '../../data/api.ts';
import type { Answer } from '../../data/problem.ts';
import { Segmented } from '../../parts/button.tsx';
import { Name, places } from '../../parts/name.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, ErrorNote, Loading } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { toNumber } from '../../parts/time-words.ts';
import { useUrlState } from '../../parts/url-state.ts';
import { reachTexts as texts } from '../../texts/reach.ts';

type Row = Answer<'listUnused'>['items'][number];

/** Servers that rules give to people, the least used first. */
export function Unused() {
  const [asked, setDays] = useUrlState('days');
  const days = asked === '30' || asked === '180' ? asked : '90';
  const list = useList('listUnused', { query: { days: Number(days), limit: 8 } });
  const first = list.data?.pages[0]?.value;
  return (
    <Section
      title={texts.unusedTitle}
      remark={first && texts.unusedRemark(first.unused, first.given, Number(days))}
      action={
        <Segmented
          label={texts.unusedDays}
          value={days}
          options={(['30', '90', '180'] as const).map((value) => ({ value, label: texts.unusedChoices[value] }))}
          onChange={(value) => setDays(value === '90' ? '' : value)}
        />
      }
    >
      {list.error ? (
        <ErrorNote error={list.error} onRetry={() => void list.refetch()} />
      ) : !list.data ? (
        <Loading rows={6} />
      ) : list.items.length === 0 ? (
        <Empty title={texts.unusedNone}>{texts.unusedNoneLead}</Empty>
      ) : (
        <Table
          label={texts.unusedTitle}
          columns={columns}
          rows={list.items}
          rowKey={({ server }) => server.id}
          more={list}
          exportName="unused"
        />
      )}
    </Section>
  );
}

const columns: readonly Column<Row>[] = [
  {
    title: texts.server,
    stays: true,
    cell: ({ server: { id, name } }) => <Name to={places.reach({ server: id, unused: 'yes' })}>{name}</Name>,
    text: ({ server }) => server.id,
  },
  {
    title: texts.mayReach,
    number: true,
    cell: ({ people }) => toNumber(people),
    text: ({ people }) => String(people),
  },
  { title: texts.usedBy, number: true, cell: ({ used }) => toNumber(used), text: ({ used }) => String(used) },
  {
    title: texts.notUsed,
    stays: true,
    number: true,
    cell: (row) => toNumber(unusedOf(row)),
    text: (row) => String(unusedOf(row)),
  },
];

/** Some who used it may no more. */
function unusedOf({ people, used }: Row): number {
  return Math.max(0, people - used);
}
