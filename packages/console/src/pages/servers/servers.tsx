import { useNavigate } from '@tanstack/react-router';
import { useRead } from '../../data/api.ts';
import type { Answer } from '../../data/problem.ts';
import { Find } from '../../parts/field.tsx';
import { OutcomeMark, RiskMeter } from '../../parts/marks.tsx';
import { Name, places } from '../../parts/name.tsx';
import { PageHead } from '../../parts/section.tsx';
import { Await, Empty } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Time } from '../../parts/time.tsx';
import { toExact, toNumber } from '../../parts/time-words.ts';
import { useUrlState } from '../../parts/url-state.ts';
import { serverTexts as texts } from '../../texts/servers.ts';
import { highestRisk } from './highest-risk.ts';

type Scopes = Answer<'listServers'>['granted'][number]['scopes'];
type Use = Answer<'listServerUse'>['items'][number];

interface Row {
  readonly id: string;
  readonly name: string;
  readonly resource: string;
  readonly scopes: Scopes;
  readonly isGuarded: boolean;
  readonly use: Use | undefined;
}

/** Every server that agents can be let in to, and what was done there. */
export function Page() {
  const servers = useRead('listServers', {});
  const use = useRead('listServerUse', { query: {} });
  return (
    <Await query={servers} rows={8}>
      {({ value }) => <Listed rows={toRows(value, use.data?.value.items ?? [])} />}
    </Await>
  );
}

function Listed({ rows }: { readonly rows: readonly Row[] }) {
  const [wanted, setWanted] = useUrlState('q');
  const navigate = useNavigate();
  const part = wanted.toLowerCase();
  const shown = rows.filter(({ id, name, resource }) =>
    [id, name, resource].some((text) => text.toLowerCase().includes(part)),
  );
  const guarded = toNumber(rows.filter(({ isGuarded }) => isGuarded).length);
  return (
    <>
      <PageHead
        title={texts.title}
        lead={rows.length === 0 ? texts.leadNone : texts.lead(toNumber(rows.length), guarded)}
      >
        <Name to="/catalogue">{texts.catalogue}</Name>
      </PageHead>
      {rows.length === 0 ? (
        <Empty title={texts.none} action={<Name to="/catalogue">{texts.catalogue}</Name>}>
          {texts.first}
        </Empty>
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
              onOpen={({ id }) => void navigate({ to: places.server(id) })}
              exportName="servers"
            />
          )}
        </div>
      )}
    </>
  );
}

const columns: readonly Column<Row>[] = [
  {
    title: texts.server,
    stays: true,
    cell: ({ id, name }) => <Name to={places.server(id)}>{name}</Name>,
    text: ({ name }) => name,
  },
  {
    title: texts.state,
    stays: true,
    cell: ({ use, isGuarded }) =>
      use && use.stops.length > 0 ? (
        <OutcomeMark outcome="stopped" />
      ) : (
        <span className="quiet">{isGuarded ? texts.here : texts.elsewhere}</span>
      ),
    text: ({ use, isGuarded }) => (use?.stops.length ? texts.stopped : isGuarded ? texts.here : texts.elsewhere),
  },
  {
    title: texts.risk,
    cell: ({ scopes }) => {
      const risk = highestRisk(scopes);
      return risk && <RiskMeter risk={risk} />;
    },
    text: ({ scopes }) => highestRisk(scopes) ?? '',
  },
  figure(texts.scopes, ({ scopes }) => scopes.length),
  figure(texts.issued, ({ use }) => use?.use.issued ?? 0),
  figure(texts.refused, ({ use }) => use?.use.refused ?? 0),
  figure(texts.calls, ({ use }) => use?.use.called ?? 0),
  {
    title: texts.last,
    cell: ({ use }) =>
      use?.use.lastMs ? <Time ms={use.use.lastMs} /> : <span className="quiet">{use ? texts.never : ''}</span>,
    text: ({ use }) => (use?.use.lastMs ? toExact(use.use.lastMs) : texts.never),
  },
];

function figure(title: string, of: (row: Row) => number): Column<Row> {
  return { title, number: true, cell: (row) => toNumber(of(row)), text: (row) => String(of(row)) };
}

/** Each server once, by what either document says of it. */
function toRows({ granted, guarded }: Answer<'listServers'>, uses: readonly Use[]): Row[] {
  const useOf = new Map(uses.map((use) => [use.id, use]));
  const guardedResources = new Set(guarded.map(({ resource }) => resource));
  const rows = granted.map(({ id, name, resource, scopes }) => ({ id, name, resource, scopes }));
  const known = new Set(granted.map(({ resource }) => resource));
  const alone = guarded.filter(({ resource }) => !known.has(resource));
  return [...rows, ...alone].map(({ id, name, resource, scopes }) => ({
    id,
    name,
    resource,
    scopes,
    isGuarded: guardedResources.has(resource),
    use: useOf.get(id),
  }));
}
