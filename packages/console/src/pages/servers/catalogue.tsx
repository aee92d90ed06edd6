import { useState } from 'react';
import { useChange, useRead } from '../../data/api.ts';
import type { Answer } from '../../data/problem.ts';
import { Button } from '../../parts/button.tsx';
import { Copyable } from '../../parts/copy.tsx';
import { Field } from '../../parts/field.tsx';
import { OutcomeMark } from '../../parts/marks.tsx';
import { MayButton } from '../../parts/may.tsx';
import { Name, places } from '../../parts/name.tsx';
import { PageHead, Section, Verdict } from '../../parts/section.tsx';
import { Await, ErrorNote } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { useUrlState } from '../../parts/url-state.ts';
import { enableTexts } from '../../texts/enable.ts';
import { serverTexts as texts } from '../../texts/servers.ts';
import style from './catalogue.module.css';
import { Enable } from './enable.tsx';
import { type Start, startOfKnown, startOfOwn, startOfProbe } from './enable-form.ts';
import { toEntry } from './entry.ts';

type Probed = Answer<'probeServer'>;
type Finding = Probed['findings'][number];
type Known = Answer<'getCatalogue'>['servers'][number];

/** What is publicly known of servers, and what one says of itself now. */
export function Page() {
  const [given] = useUrlState('url');
  const [url, setUrl] = useState(given);
  const catalogue = useRead('getCatalogue', {});
  const servers = useRead('listServers', {});
  const [start, setStart] = useState<Start>();
  const here = servers.data?.value;
  const taken = new Set([...(here?.granted ?? []), ...(here?.guarded ?? [])].map(({ id }) => id));
  const enabled = new Map(here?.granted.map(({ resource, id }) => [resource, id]));
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
            className={style.ask}
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
            {probe.data && (
              <Found
                probed={probe.data.value}
                enabled={enabled}
                onEnable={() => setStart(startOfProbe(probe.data.value))}
              />
            )}
          </div>
        </Section>
        {here?.ras && (
          <Section title={enableTexts.own} remark={enableTexts.ownRemark}>
            <div className={style.ask}>
              <p className="quiet prose">{enableTexts.ownLead}</p>
              <MayButton permission="apply" onClick={() => setStart(startOfOwn(here.ras ?? ''))}>
                {enableTexts.ownAction}
              </MayButton>
            </div>
          </Section>
        )}
        <Section title={texts.known} remark={texts.knownRemark}>
          <Await query={catalogue}>
            {({ value }) => (
              <Table
                label={texts.known}
                columns={columns(ask, enabled, (known) => setStart(startOfKnown(known)))}
                rows={value.servers}
                rowKey={({ id }) => id}
                exportName="catalogue"
              />
            )}
          </Await>
        </Section>
      </div>
      {start && <Enable start={start} taken={taken} onClose={() => setStart(undefined)} />}
    </>
  );
}

function Found({
  probed,
  enabled,
  onEnable,
}: {
  readonly probed: Probed;
  readonly enabled: Enabled;
  readonly onEnable: () => void;
}) {
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
      <div className="row">
        <EnableButton
          name={probed.url}
          resource={probed.resource ?? probed.url}
          enabled={enabled}
          onEnable={onEnable}
        />
      </div>
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

/** Servers that the policy in force has, by their address. */
type Enabled = ReadonlyMap<string, string>;

function EnableButton({
  name,
  resource,
  enabled,
  small = false,
  onEnable,
}: {
  readonly name: string;
  readonly resource: string | undefined;
  readonly enabled: Enabled;
  readonly small?: boolean;
  readonly onEnable: () => void;
}) {
  const id = resource === undefined ? undefined : enabled.get(resource);
  if (id !== undefined) return <Name to={places.server(id)}>{enableTexts.enabled}</Name>;
  return (
    <MayButton permission="apply" small={small} aria-label={enableTexts.enableIt(name)} onClick={onEnable}>
      {enableTexts.enable}
    </MayButton>
  );
}

function columns(
  ask: (url: string) => void,
  enabled: Enabled,
  onEnable: (known: Known) => void,
): readonly Column<Known>[] {
  return [
    { title: texts.system, stays: true, cell: ({ name }) => name, text: ({ name }) => name },
    {
      title: enableTexts.action,
      stays: true,
      cell: (known) => (
        <EnableButton
          small
          name={known.name}
          resource={known.resource?.value}
          enabled={enabled}
          onEnable={() => onEnable(known)}
        />
      ),
      text: ({ resource }) => (resource && enabled.has(resource.value) ? enableTexts.enabled : ''),
    },
    {
      title: texts.managed,
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
