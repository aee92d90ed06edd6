import { useNavigate } from '@tanstack/react-router';
import { useRead } from '../../data/api.ts';
import type { Answer } from '../../data/problem.ts';
import { Find } from '../../parts/field.tsx';
import { OutcomeMark } from '../../parts/marks.tsx';
import { Name, places } from '../../parts/name.tsx';
import { PageHead } from '../../parts/section.tsx';
import { Await, Empty } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Time } from '../../parts/time.tsx';
import { toExact, toNumber } from '../../parts/time-words.ts';
import { useUrlState } from '../../parts/url-state.ts';
import { clientTexts as texts } from '../../texts/clients.ts';

type Client = Answer<'listClients'>['items'][number];
type Use = Answer<'listClientUse'>['items'][number];
type Row = Client & { readonly used: Use | undefined };

/** Every client of the identity provider, and what it did. */
export function Page() {
  const clients = useRead('listClients', { query: { side: 'idp' } });
  const use = useRead('listClientUse', { query: {} });
  const useOf = new Map(use.data?.value.items.map((each) => [each.id, each]));
  return (
    <Await query={clients} rows={8}>
      {({ value }) => <Listed rows={value.items.map((client) => ({ ...client, used: useOf.get(client.id) }))} />}
    </Await>
  );
}

function Listed({ rows }: { readonly rows: readonly Row[] }) {
  const [wanted, setWanted] = useUrlState('q');
  const navigate = useNavigate();
  const part = wanted.toLowerCase();
  const shown = rows.filter(({ id, name }) => [id, name].some((text) => text.toLowerCase().includes(part)));
  return (
    <>
      <PageHead title={texts.title} lead={texts.lead(toNumber(rows.length))} />
      {rows.length === 0 ? (
        <Empty title={texts.none}>{texts.first}</Empty>
      ) : (
        <div className="stack">
          <div className="row">
            <Find label={texts.find} value={wanted} onChange={(event) => setWanted(event.target.value, true)} />
          </div>
          {shown.length === 0 ? (
            <Empty title={texts.noneFound} />
          ) : (
            <Table
              label={texts.title}
              columns={columns}
              rows={shown}
              rowKey={({ id }) => id}
              onOpen={({ id }) => void navigate({ to: places.client(id) })}
              exportName="clients"
            />
          )}
        </div>
      )}
    </>
  );
}

const columns: readonly Column<Row>[] = [
  {
    title: texts.client,
    stays: true,
    cell: ({ id, name }) => <Name to={places.client(id)}>{name}</Name>,
    text: ({ name }) => name,
  },
  {
    title: texts.state,
    stays: true,
    cell: ({ used }) => (used && used.stops.length > 0 ? <OutcomeMark outcome="stopped" /> : null),
    text: ({ used }) => (used?.stops.length ? texts.stopped : ''),
  },
  { title: texts.proof, cell: ({ proof }) => texts.proofs[proof], text: ({ proof }) => texts.proofs[proof] },
  {
    title: texts.oldest,
    cell: ({ secrets }) => {
      const oldest = oldestOf(secrets);
      return oldest === undefined ? null : <Time ms={oldest * 1000} />;
    },
    text: ({ secrets }) => {
      const oldest = oldestOf(secrets);
      return oldest === undefined ? '' : toExact(oldest * 1000);
    },
  },
  {
    title: texts.issued,
    number: true,
    cell: ({ used }) => toNumber(used?.use.issued ?? 0),
    text: ({ used }) => String(used?.use.issued ?? 0),
  },
  {
    title: texts.refused,
    number: true,
    cell: ({ used }) => toNumber(used?.use.refused ?? 0),
    text: ({ used }) => String(used?.use.refused ?? 0),
  },
  {
    title: texts.last,
    cell: ({ used }) =>
      used?.use.lastMs ? <Time ms={used.use.lastMs} /> : <span className="quiet">{used ? texts.never : ''}</span>,
    text: ({ used }) => (used?.use.lastMs ? toExact(used.use.lastMs) : texts.never),
  },
];

function oldestOf(secrets: Client['secrets']): number | undefined {
  return secrets.length === 0 ? undefined : Math.min(...secrets.map(({ createdAt }) => createdAt));
}
