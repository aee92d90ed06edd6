import { useRead } from '../../data/api.ts';
import { useMayNot } from '../../data/me.ts';
import type { Answer } from '../../data/problem.ts';
import { OutcomeMark } from '../../parts/marks.tsx';
import { Name, places } from '../../parts/name.tsx';
import { useNamed } from '../../parts/named.ts';
import { Figures, PageHead, Section } from '../../parts/section.tsx';
import { Await } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Time } from '../../parts/time.tsx';
import { toNumber } from '../../parts/time-words.ts';
import { useTitle } from '../../shell/shell.tsx';
import { clientTexts as texts } from '../../texts/clients.ts';
import { serverTexts } from '../../texts/servers.ts';
import { StopButton } from '../servers/stop-button.tsx';
import { Secrets } from './secrets.tsx';
import { SetUp } from './set-up.tsx';

type Client = Answer<'getClient'>;

/** One client: what it may, how it is set up, what it did; its secrets and its stop. */
export function Page() {
  const id = useNamed('id');
  const client = useRead('getClient', { params: { side: 'idp', id }, query: {} });
  useTitle(client.data?.value.name ?? texts.client);
  return (
    <Await query={client} rows={8}>
      {({ value }) => <Shown client={value} />}
    </Await>
  );
}

function Shown({ client }: { readonly client: Client }) {
  const { id, name, proof, stops, use, clientIds, exchanges, distributed, redirectUris, at } = client;
  const mayReach = useMayNot('read:reach') === undefined;
  return (
    <>
      <PageHead title={name} lead={texts.leadOne(texts.proofs[proof])}>
        {stops.length > 0 && (
          <OutcomeMark outcome="stopped">{serverTexts.standing(stops[0]?.reason ?? '')}</OutcomeMark>
        )}
        {mayReach && <Name to={places.reach({ client: id })}>{texts.reach}</Name>}
        <StopButton kind="client" id={id} name={name} stops={stops} />
      </PageHead>
      <Figures
        figures={[
          { label: texts.issued, value: toNumber(use.issued) },
          { label: texts.refused, value: toNumber(use.refused) },
          { label: texts.last, value: use.lastMs === null ? texts.never : <Time ms={use.lastMs} /> },
        ]}
      />
      <div className="stack">
        {exchanges === false && <p className="prose">{texts.noExchange}</p>}
        {exchanges === null && <p className="quiet prose">{texts.unknownExchange}</p>}
        {distributed && <p className="quiet prose">{texts.distributed}</p>}
        {clientIds.length > 0 ? (
          <SetUp id={id} />
        ) : (
          <Section title={texts.setUpTitle}>
            <p className="quiet prose">{texts.noIds}</p>
          </Section>
        )}
        <Secrets client={client} />
        <Section title={texts.atTitle} remark={serverTexts.useRemark}>
          {at.length === 0 ? (
            <p className="quiet">{serverTexts.noUse}</p>
          ) : (
            <Table label={texts.atTitle} columns={atColumns} rows={at} rowKey={(row) => row.id} />
          )}
        </Section>
        <Section title={texts.idsTitle}>
          <Table label={texts.idsTitle} columns={idColumns} rows={clientIds} rowKey={({ ras }) => ras} />
        </Section>
        <dl className="facts">
          <dt>{texts.redirects}</dt>
          <dd>
            {redirectUris.map((uri) => (
              <div key={uri}>
                <code>{uri}</code>
              </div>
            ))}
          </dd>
        </dl>
      </div>
    </>
  );
}

const atColumns: readonly Column<Client['at'][number]>[] = [
  {
    title: texts.server,
    stays: true,
    cell: ({ id }) => <Name to={places.server(id)}>{id}</Name>,
    text: ({ id }) => id,
  },
  {
    title: texts.issued,
    stays: true,
    number: true,
    cell: ({ use }) => toNumber(use.issued),
    text: ({ use }) => String(use.issued),
  },
  {
    title: texts.refused,
    number: true,
    cell: ({ use }) => toNumber(use.refused),
    text: ({ use }) => String(use.refused),
  },
];

const idColumns: readonly Column<Client['clientIds'][number]>[] = [
  { title: texts.ras, stays: true, cell: ({ ras }) => <code>{ras}</code>, text: ({ ras }) => ras },
  {
    title: texts.clientId,
    stays: true,
    cell: ({ clientId }) => <code>{clientId}</code>,
    text: ({ clientId }) => clientId,
  },
];
