import { useState } from 'react';
import { usePeopleNames, useThings } from '../../data/names.ts';
import { Button } from '../../parts/button.tsx';
import { Name, places } from '../../parts/name.tsx';
import { PersonName } from '../../parts/person-name.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Time } from '../../parts/time.tsx';
import { toExact, toNumber } from '../../parts/time-words.ts';
import { replayTexts as texts } from '../../texts/replay.ts';
import style from './replay.module.css';
import { type Counts, mostFirst, mostRows, type Replayed, type Sums, sumOf } from './replay-sums.ts';

/** Rows before anybody wants all. */
const few = 6;

type Row = Counts & { readonly id: string; readonly name: string };

/** Whose decisions would be others; each leads to their decisions of these days. */
export function TouchedPeople({ sums, fromMs }: { readonly sums: Sums; readonly fromMs: number }) {
  const all = mostFirst(sums.byPerson);
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? all : all.slice(0, few);
  const nameOf = usePeopleNames(shown.map(({ id }) => id));
  const rows = shown.map((row) => ({ ...row, name: nameOf(row.id) ?? row.id }));
  return (
    <Touched
      title={texts.byPerson}
      rows={rows}
      more={isWhole ? 0 : all.length - shown.length}
      moreWords={texts.morePeople}
      onMore={() => setWhole(true)}
      toDecisions={(id) => places.decisions({ person: id, from: isoOf(fromMs) })}
    />
  );
}

/** On which servers. */
export function TouchedServers({ sums, fromMs }: { readonly sums: Sums; readonly fromMs: number }) {
  const { serverNames } = useThings();
  const all = mostFirst(sums.byServer);
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? all : all.slice(0, few);
  return (
    <Touched
      title={texts.byServer}
      rows={shown.map((row) => ({ ...row, name: serverNames.get(row.id) ?? row.id }))}
      more={all.length - shown.length}
      moreWords={texts.moreServers}
      onMore={() => setWhole(true)}
      toDecisions={(id) => places.decisions({ server: id, from: isoOf(fromMs) })}
    />
  );
}

function Touched({
  title,
  rows,
  more,
  moreWords,
  onMore,
  toDecisions,
}: {
  readonly title: string;
  readonly rows: readonly Row[];
  readonly more: number;
  readonly moreWords: (count: string) => string;
  readonly onMore: () => void;
  readonly toDecisions: (id: string) => string;
}) {
  const columns: readonly Column<Row>[] = [
    {
      title,
      stays: true,
      cell: ({ id, name }) => <Name to={toDecisions(id)}>{name}</Name>,
      text: ({ id }) => id,
    },
    change('gained', '+'),
    change('lost', '−'),
    change('again', ''),
  ];
  return (
    <div>
      <Table label={title} columns={columns} rows={rows} rowKey={({ id }) => id} exportName={`replay-${title}`} />
      {more > 0 && (
        <Button small onClick={onMore}>
          {moreWords(toNumber(more))}
        </Button>
      )}
    </div>
  );
}

function change(kind: keyof Counts, sign: string): Column<Row> {
  return {
    title: texts.columns[kind],
    number: true,
    stays: kind === 'gained' || kind === 'lost',
    cell: (row) => (
      <span data-kind={row[kind] > 0 ? kind : undefined} className={style.figure}>
        {row[kind] > 0 && sign}
        {toNumber(row[kind])}
      </span>
    ),
    text: (row) => String(row[kind]),
  };
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}

const changedColumns: readonly Column<Replayed>[] = [
  {
    title: texts.when,
    cell: ({ id, timeMs }) => (
      <Name to={places.decision(id)}>
        <Time ms={timeMs} />
      </Name>
    ),
    text: ({ timeMs }) => toExact(timeMs),
  },
  { title: texts.person, stays: true, cell: ({ person }) => <PersonName id={person} />, text: ({ person }) => person },
  { title: texts.client, cell: ({ client }) => client, text: ({ client }) => client },
  { title: texts.server, stays: true, cell: ({ server }) => server, text: ({ server }) => server },
  { title: texts.before, cell: ({ before }) => <Scopes scopes={before} />, text: ({ before }) => before.join(' ') },
  {
    title: texts.after,
    cell: ({ after, change: of }) =>
      of === 'again' ? <span className="quiet">{texts.again}</span> : <Scopes scopes={after} />,
    text: ({ after, change: of }) => (of === 'again' ? texts.again : after.join(' ')),
  },
];

function Scopes({ scopes }: { readonly scopes: readonly string[] }) {
  return scopes.length === 0 ? <span className="quiet">{texts.nothing}</span> : <code>{scopes.join(' ')}</code>;
}

/** The decisions themselves, folded: each opens as a story. */
export function Changed({ sums }: { readonly sums: Sums }) {
  const all = sumOf(sums);
  return (
    <details className={style.changed}>
      <summary>{texts.each(all)}</summary>
      {all > mostRows && <p className="quiet">{texts.newest(toNumber(mostRows))}</p>}
      <Table
        label={texts.each(all)}
        columns={changedColumns}
        rows={sums.changed}
        rowKey={({ id }) => id}
        exportName="replay"
      />
    </details>
  );
}
