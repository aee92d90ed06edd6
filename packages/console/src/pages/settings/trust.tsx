import { useRead } from '../../data/api.ts';
import { Name } from '../../parts/name.tsx';
import { Section } from '../../parts/section.tsx';
import { Await, Empty } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { settingsTexts, trustTexts as texts } from '../../texts/settings.ts';
import style from './settings.module.css';
import { type Trusted, trustedOf } from './trusted.ts';

const columns: readonly Column<Trusted>[] = [
  {
    title: texts.issuer,
    stays: true,
    cell: ({ issuer, tenant }) => (
      <>
        {issuer === 'local' ? texts.local : <code>{issuer}</code>}
        {tenant !== undefined && (
          <>
            {' '}
            <code>{tenant}</code>
          </>
        )}
      </>
    ),
    text: ({ issuer, tenant }) => [issuer, tenant].filter(Boolean).join(' '),
  },
  { title: texts.accounts, cell: ({ accounts }) => <code>{accounts}</code>, text: ({ accounts }) => accounts },
  {
    title: texts.clients,
    stays: true,
    cell: ({ clients }) => (clients.length === 0 ? texts.all : <code>{clients.join(' ')}</code>),
    text: ({ clients }) => clients.join(' '),
  },
  {
    title: texts.servers,
    cell: ({ servers }) =>
      servers === undefined
        ? texts.everyServer
        : servers.map((each) => (
            <code key={each} className={style.one}>
              {each}
            </code>
          )),
    text: ({ servers }) => servers?.join('; ') ?? texts.everyServer,
  },
  {
    title: texts.keys,
    cell: ({ keys }) => (keys === 'discovery' ? texts.published : texts.listed(keys)),
    text: ({ keys }) => String(keys),
  },
  {
    title: texts.also,
    cell: ({ also }) =>
      also.map((each) => (
        <code key={each} className={style.one}>
          {each}
        </code>
      )),
    text: ({ also }) => also.join('; '),
  },
];

/** Whose ID-JAGs are taken here. */
export function Trust() {
  const versions = useRead('listVersions', { params: { kind: 'resource' }, query: { limit: 1 } });
  return (
    <Section title={settingsTexts.parts.trust} remark={texts.lead} action={<Name to="/changes">{texts.change}</Name>}>
      <Await query={versions}>
        {({ value: { items } }) =>
          items[0] ? <InForce version={items[0].version} /> : <Empty title={texts.noPolicy} />
        }
      </Await>
    </Section>
  );
}

function InForce({ version }: { readonly version: number }) {
  const document = useRead('getVersion', { params: { kind: 'resource', version } });
  return (
    <Await query={document}>
      {({ value }) => {
        const trusted = trustedOf(value.document);
        if (trusted.length === 0) return <Empty title={texts.none} />;
        return (
          <Table
            label={settingsTexts.parts.trust}
            columns={columns}
            rows={trusted}
            rowKey={({ issuer, tenant }) => `${issuer} ${tenant}`}
            exportName="trusted-issuers"
          />
        );
      }}
    </Await>
  );
}
