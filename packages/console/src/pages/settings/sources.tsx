import { useState } from 'react';
import { useChange, useRead } from '../../data/api.ts';
import type { Answer } from '../../data/problem.ts';
import { Field } from '../../parts/field.tsx';
import { MayButton } from '../../parts/may.tsx';
import { Confirm, Dialog } from '../../parts/overlay.tsx';
import { Section } from '../../parts/section.tsx';
import { Await, Empty, ErrorNote } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Time } from '../../parts/time.tsx';
import { settingsTexts, sourceTexts as texts, upstreamTexts } from '../../texts/settings.ts';
import { Form } from '../people/add.tsx';
import style from './settings.module.css';
import { ShownOnce } from './shown-once.tsx';

type Token = Answer<'listSources'>['tokens'][number];

const kindOf = (source: string) => source.split(':')[0] ?? source;

const sourceColumns: readonly Column<string>[] = [
  { title: texts.source, stays: true, cell: (source) => <code>{source}</code>, text: (source) => source },
  {
    title: texts.kind,
    stays: true,
    cell: (source) => texts.kinds[kindOf(source)] ?? kindOf(source),
    text: (source) => kindOf(source),
  },
];

/** Where people come from, and what provisioning clients authenticate with. */
export function Sources() {
  const sources = useRead('listSources', {});
  const [isMaking, make] = useState(false);
  const [ending, end] = useState<Token>();
  const revoke = useChange('revokeScimToken', ['listSources']);
  return (
    <div className="stack">
      <Section title={upstreamTexts.title} remark={upstreamTexts.remark}>
        <Await query={sources}>{({ value: { upstreams } }) => <Upstreams upstreams={upstreams} />}</Await>
      </Section>
      <div className="columns even">
        <Section title={texts.sources} remark={texts.sourcesRemark}>
          <Await query={sources}>
            {({ value }) => (
              <Table label={texts.sources} columns={sourceColumns} rows={value.sources} rowKey={(source) => source} />
            )}
          </Await>
        </Section>
        <Section
          title={texts.tokens}
          remark={texts.tokensRemark}
          action={
            <MayButton small permission="write:sources" onClick={() => make(true)}>
              {texts.make}
            </MayButton>
          }
        >
          {revoke.error !== null && <ErrorNote error={revoke.error} />}
          <Await query={sources}>
            {({ value: { tokens } }) =>
              tokens.length === 0 ? (
                <Empty title={texts.tokensNone} />
              ) : (
                <Table label={texts.tokens} columns={columnsFor(end)} rows={tokens} rowKey={({ id }) => id} />
              )
            }
          </Await>
        </Section>
      </div>
      {isMaking && <MakeScimToken onClose={() => make(false)} />}
      {ending && (
        <Confirm
          consequence={texts.revokeTitle(ending.source)}
          action={texts.revokeDo}
          onClose={() => end(undefined)}
          onDo={() => {
            end(undefined);
            revoke.mutate({ params: { id: ending.id } });
          }}
        >
          {texts.revokeLead}
        </Confirm>
      )}
    </div>
  );
}

type Upstream = Answer<'listSources'>['upstreams'][number];

const upstreamColumns: readonly Column<Upstream>[] = [
  {
    title: upstreamTexts.name,
    stays: true,
    cell: ({ name, label, preset }) => (
      <>
        <b>{label ?? name}</b>{' '}
        <span className="remark">
          <code>{name}</code> {preset}
        </span>
      </>
    ),
    text: ({ name }) => name,
  },
  {
    title: upstreamTexts.issuer,
    stays: true,
    cell: ({ issuer }) => <code className={style.address}>{issuer}</code>,
    text: ({ issuer }) => issuer,
  },
  {
    title: upstreamTexts.domains,
    cell: ({ domains }) => (domains.length === 0 ? upstreamTexts.anyDomain : domains.join(', ')),
    text: ({ domains }) => domains.join(' '),
  },
  { title: upstreamTexts.newcomers, cell: (each) => newcomersOf(each), text: (each) => newcomersOf(each) },
];

function newcomersOf({ creates, provisionedBy }: Upstream): string {
  if (provisionedBy !== null) return upstreamTexts.provisioned(provisionedBy);
  return creates ? upstreamTexts.creates : upstreamTexts.createsNot;
}

function Upstreams({ upstreams }: { readonly upstreams: readonly Upstream[] }) {
  if (upstreams.length === 0) return <Empty title={upstreamTexts.own}>{upstreamTexts.ownLead}</Empty>;
  return <Table label={upstreamTexts.title} columns={upstreamColumns} rows={upstreams} rowKey={({ name }) => name} />;
}

function MakeScimToken({ onClose }: { readonly onClose: () => void }) {
  const overview = useRead('getOverview', {});
  const [source, setSource] = useState('');
  const [value, setValue] = useState<string>();
  const make = useChange('createScimToken', ['listSources']);
  const submit = async () => {
    const made = await make.mutateAsync({ body: { source: source.trim() } });
    make.reset();
    setValue(made.value.token);
  };
  if (value !== undefined) return <ShownOnce title={`scim:${source.trim()}`} secret={value} onClose={onClose} />;
  return (
    <Dialog title={texts.makeTitle} onClose={onClose}>
      <p className="quiet">{texts.makeLead(`${overview.data?.value.urls.idp ?? ''}/scim/v2`)}</p>
      <Form
        action={texts.makeDo}
        isBusy={make.isPending}
        isReady={source.trim() !== ''}
        error={make.error}
        onClose={onClose}
        onSubmit={submit}
      >
        <Field
          label={texts.name}
          hint={texts.nameHint}
          required
          maxLength={63}
          autoComplete="off"
          value={source}
          onChange={(event) => setSource(event.target.value)}
        />
      </Form>
    </Dialog>
  );
}

function columnsFor(end: (token: Token) => void): readonly Column<Token>[] {
  return [
    { title: texts.source, stays: true, cell: ({ source }) => <code>{source}</code>, text: ({ source }) => source },
    { title: settingsTexts.made, cell: ({ createdAt }) => <Time ms={createdAt * 1000} />, text: () => '' },
    {
      title: settingsTexts.lastUsed,
      cell: ({ lastUsedAt }) => (lastUsedAt === null ? settingsTexts.never : <Time ms={lastUsedAt * 1000} />),
      text: () => '',
    },
    {
      title: settingsTexts.act,
      stays: true,
      number: true,
      cell: (token) => (
        <MayButton small permission="write:sources" onClick={() => end(token)}>
          {settingsTexts.revoke}
        </MayButton>
      ),
      text: () => '',
    },
  ];
}
