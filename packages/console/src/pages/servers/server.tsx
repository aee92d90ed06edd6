import { useRead } from '../../data/api.ts';
import { useMayNot } from '../../data/me.ts';
import type { Answer } from '../../data/problem.ts';
import { OutcomeMark, RiskMeter } from '../../parts/marks.tsx';
import { Name, places } from '../../parts/name.tsx';
import { useNamed } from '../../parts/named.ts';
import { Figures, PageHead, Section } from '../../parts/section.tsx';
import { Await } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Time } from '../../parts/time.tsx';
import { toNumber } from '../../parts/time-words.ts';
import { useTitle } from '../../shell/shell.tsx';
import { serverTexts as texts } from '../../texts/servers.ts';
import { RemainingSteps } from './steps.tsx';
import { StopButton } from './stop-button.tsx';

type Server = Answer<'getServer'>;
type Reach = Answer<'reachOfServer'>;

/** One server: what it lets agents do, who reaches it, what was done there; and its stop. */
export function Page() {
  const id = useNamed('id');
  const server = useRead('getServer', { params: { id }, query: {} });
  useTitle(server.data?.value.name ?? texts.server);
  const mayReach = useMayNot('read:reach') === undefined;
  const reach = useRead(
    'reachOfServer',
    { params: { id } },
    { enabled: mayReach && server.data?.value.granted === true },
  );
  return (
    <Await query={server} rows={8}>
      {({ value }) => <Shown server={value} reach={reach.data?.value} />}
    </Await>
  );
}

function Shown({ server, reach }: { readonly server: Server; readonly reach: Reach | undefined }) {
  const { id, name, resource, ras, upstream, requiresBoundTokens, use, stops, enabled } = server;
  const remaining = useRead('serverSteps', { params: { id } }, { enabled: server.granted });
  return (
    <>
      <PageHead
        title={name}
        lead={
          <>
            <code>{resource}</code> {reach && texts.leadOne(toNumber(reach.people), toNumber(reach.clients.length))}
          </>
        }
      >
        {stops.length > 0 && <OutcomeMark outcome="stopped">{texts.standing(stops[0]?.reason ?? '')}</OutcomeMark>}
        {!enabled && <OutcomeMark outcome="look">{texts.off}</OutcomeMark>}
        {reach && <Name to={places.reach({ server: id })}>{texts.reachIt}</Name>}
        <Name to={`/catalogue?url=${encodeURIComponent(resource)}`}>{texts.probeNow}</Name>
        <StopButton kind="server" id={id} name={name} stops={stops} people={reach?.people} />
      </PageHead>
      <Figures
        figures={[
          { label: texts.issued, value: toNumber(use.issued) },
          { label: texts.refused, value: toNumber(use.refused) },
          { label: texts.calls, value: toNumber(use.called) },
          { label: texts.last, value: use.lastMs === null ? texts.never : <Time ms={use.lastMs} /> },
        ]}
      />
      <div className="stack">
        <Section title={texts.scopesTitle}>
          <Table
            label={texts.scopesTitle}
            columns={scopeColumns(reach)}
            rows={server.scopes}
            rowKey={({ name: scope }) => scope}
            exportName={`scopes-of-${id}`}
          />
        </Section>
        {remaining.data && <RemainingSteps of={remaining.data.value} />}
        {reach && (
          <>
            <Section title={texts.throughTitle}>
              <Table
                label={texts.throughTitle}
                columns={clientColumns(server)}
                rows={reach.clients}
                rowKey={({ client }) => client}
                exportName={`clients-at-${id}`}
              />
            </Section>
            <Section title={texts.rulesTitle}>
              <Table
                label={texts.rulesTitle}
                columns={subjectColumns}
                rows={reach.subjects}
                rowKey={({ subject }) => subject}
                exportName={texts.reviewName(id)}
              />
            </Section>
          </>
        )}
        <dl className="facts">
          <dt>{texts.resource}</dt>
          <dd>
            <code>{resource}</code>
          </dd>
          <dt>{texts.ras}</dt>
          <dd>
            <code>{ras}</code>
          </dd>
          <dt>{texts.upstream}</dt>
          <dd>{upstream ?? texts.noUpstream}</dd>
          {requiresBoundTokens && (
            <>
              <dt>{texts.accessTokens}</dt>
              <dd>{texts.boundOnly}</dd>
            </>
          )}
        </dl>
      </div>
    </>
  );
}

function scopeColumns(reach: Reach | undefined): readonly Column<Server['scopes'][number]>[] {
  const people = new Map(reach?.scopes.map((each) => [each.scope, each.people]));
  return [
    { title: texts.scope, stays: true, cell: ({ name }) => <code>{name}</code>, text: ({ name }) => name },
    { title: texts.scopeRisk, stays: true, cell: ({ risk }) => <RiskMeter risk={risk} />, text: ({ risk }) => risk },
    {
      title: texts.unasked,
      cell: ({ unasked }) => (unasked ? texts.yes : texts.no),
      text: ({ unasked }) => (unasked ? texts.yes : texts.no),
    },
    {
      title: texts.tools,
      cell: ({ tools }) =>
        tools.length > 0 ? <code>{tools.join(' ')}</code> : <span className="quiet">{texts.noTools}</span>,
      text: ({ tools }) => tools.join(' '),
    },
    ...(reach
      ? [
          {
            title: texts.people,
            number: true,
            cell: ({ name }: { name: string }) => toNumber(people.get(name) ?? 0),
            text: ({ name }: { name: string }) => String(people.get(name) ?? 0),
          },
        ]
      : []),
  ];
}

function clientColumns({ clients }: Server): readonly Column<Reach['clients'][number]>[] {
  const names = new Map(clients.map(({ id, name }) => [id, name]));
  const nameOf = (id: string) => names.get(id) ?? id;
  return [
    {
      title: texts.client,
      stays: true,
      cell: ({ client }) => <Name to={places.client(client)}>{nameOf(client)}</Name>,
      text: ({ client }) => nameOf(client),
    },
    {
      title: texts.mayReach,
      stays: true,
      number: true,
      cell: ({ people }) => toNumber(people),
      text: ({ people }) => String(people),
    },
    { title: texts.used, number: true, cell: ({ used }) => toNumber(used), text: ({ used }) => String(used) },
    {
      title: texts.unused,
      number: true,
      cell: ({ people, used }) => toNumber(Math.max(0, people - used)),
      text: ({ people, used }) => String(Math.max(0, people - used)),
    },
  ];
}

const subjectColumns: readonly Column<Reach['subjects'][number]>[] = [
  {
    title: texts.subject,
    stays: true,
    cell: ({ subject, name }) => (
      <>
        {name} <code className="quiet">{subject}</code>
      </>
    ),
    text: ({ subject }) => subject,
  },
  {
    title: texts.reaching,
    stays: true,
    number: true,
    cell: ({ reaching }) => toNumber(reaching),
    text: ({ reaching }) => String(reaching),
  },
  { title: texts.named, number: true, cell: ({ people }) => toNumber(people), text: ({ people }) => String(people) },
];
