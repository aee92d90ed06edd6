import { useState } from 'react';
import { useChange, useRead } from '../../data/api.ts';
import type { Answer } from '../../data/problem.ts';
import { Button } from '../../parts/button.tsx';
import { Copyable } from '../../parts/copy.tsx';
import { Field } from '../../parts/field.tsx';
import { OutcomeMark } from '../../parts/marks.tsx';
import { MayButton } from '../../parts/may.tsx';
import { PageHead, Section, Verdict } from '../../parts/section.tsx';
import { Await, ErrorNote } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { useUrlState } from '../../parts/url-state.ts';
import { serverTexts as texts } from '../../texts/servers.ts';
import { toEntry } from './entry.ts';

type Probed = Answer<'probeServer'>;
type Finding = Probed['findings'][number];
type Known = Answer<'getCatalogue'>['servers'][number];

/** What is publicly known of servers, and what one says of itself now. */
export function Page() {
  const [given] = useUrlState('url');
  const [url, setUrl] = useState(given);
  const catalogue = useRead('getCatalogue', {});
  const probe = useChange('probeServer');
  const ask = (address: string) => {
    setUrl(address);
    probe.mutate({ body: { url: address } });
  };
  return (
    <>
      <PageHead title={texts.catalogue} />
      <div className="stack">
        <Section title={texts.probeTitle} remark={texts.probeRemark}>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              ask(url.trim());
            }}
          >
            <Field
              label={texts.url}
              hint={texts.urlHint}
              type="url"
              value={url}
              onChange={(event) => setUrl(event.target.value)}
            />
            <MayButton permission="probe" kind="first" type="submit" disabled={probe.isPending || url.trim() === ''}>
              {texts.probe}
            </MayButton>
          </form>
          <div aria-live="polite">
            {probe.error && <ErrorNote error={probe.error} />}
            {probe.data && <Found probed={probe.data.value} />}
          </div>
        </Section>
        <Section title={texts.known} remark={texts.knownRemark}>
          <Await query={catalogue}>
            {({ value }) => (
              <Table
                label={texts.known}
                columns={columns(ask)}
                rows={value.servers}
                rowKey={({ id }) => id}
                exportName="catalogue"
              />
            )}
          </Await>
        </Section>
      </div>
    </>
  );
}

function Found({ probed }: { readonly probed: Probed }) {
  const entry = toEntry(probed);
  return (
    <section aria-label={texts.found}>
      <Findings findings={probed.findings} />
      {probed.authorizationServers.map((server) => (
        <div key={server.issuer}>
          <h3>{texts.authorizationServer(server.issuer)}</h3>
          <Verdict size="small">{texts.says[String(server.takesIdJags) as keyof typeof texts.says]}</Verdict>
          <Findings findings={server.findings} />
        </div>
      ))}
      {entry !== undefined && (
        <>
          <p className="quiet">{texts.entryRemark}</p>
          <Copyable label={texts.entry} text={entry} copy={texts.copy} copied={texts.copied} />
        </>
      )}
    </section>
  );
}

const marks = { good: 'allowed', bad: 'look', unknown: 'unknown' } as const;

function Findings({ findings }: { readonly findings: readonly Finding[] }) {
  return (
    <dl className="facts">
      {findings.map(({ about, verdict, words, evidence }) => (
        <div key={about} style={{ display: 'contents' }}>
          <dt>
            <OutcomeMark outcome={marks[verdict]}>{texts.verdicts[verdict]}</OutcomeMark>
          </dt>
          <dd>
            {words} {evidence !== null && <code className="quiet">{evidence}</code>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function columns(ask: (url: string) => void): readonly Column<Known>[] {
  return [
    { title: texts.system, stays: true, cell: ({ name }) => name, text: ({ name }) => name },
    {
      title: texts.managed,
      stays: true,
      cell: ({ enterpriseManaged }) =>
        enterpriseManaged ? (
          <Sourced fact={enterpriseManaged}>{texts.managedWords[enterpriseManaged.value]}</Sourced>
        ) : (
          <OutcomeMark outcome="unknown" />
        ),
      text: ({ enterpriseManaged }) => enterpriseManaged?.value ?? texts.unknown,
    },
    fact(texts.address, ({ resource }) => resource),
    fact(texts.issuer, ({ issuer }) => issuer),
    {
      title: texts.scopes,
      cell: ({ scopes }) => (scopes ? <Sourced fact={scopes}>{scopes.value.length}</Sourced> : texts.unknown),
      text: ({ scopes }) => scopes?.value.join(' ') ?? texts.unknown,
    },
    {
      title: texts.probe,
      cell: ({ name, resource }) =>
        resource && (
          <Button small aria-label={texts.probeIt(name)} onClick={() => ask(resource.value)}>
            {texts.probe}
          </Button>
        ),
      text: () => '',
    },
  ];
}

type Fact = { readonly value: unknown; readonly source: string; readonly date: string };

/** What is known, with where from within reach. */
function Sourced({ fact, children }: { readonly fact: Fact; readonly children: React.ReactNode }) {
  return <span title={`${fact.source}, ${fact.date}`}>{children}</span>;
}

function fact(title: string, of: (row: Known) => (Fact & { readonly value: string }) | null): Column<Known> {
  return {
    title,
    cell: (row) => {
      const known = of(row);
      return known ? (
        <Sourced fact={known}>
          <code>{known.value}</code>
        </Sourced>
      ) : (
        <span className="quiet">{texts.unknown}</span>
      );
    },
    text: (row) => of(row)?.value ?? texts.unknown,
  };
}
