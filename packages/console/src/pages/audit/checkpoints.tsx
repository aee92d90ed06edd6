import { useList } from '../../data/api.ts';
import type { Answer } from '../../data/problem.ts';
import { OutcomeMark } from '../../parts/marks.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, ErrorNote, Loading } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Time } from '../../parts/time.tsx';
import { toNumber } from '../../parts/time-words.ts';
import { checkpointTexts as texts } from '../../texts/audit.ts';
import style from './audit.module.css';

type State = Answer<'getRecordState'>;
type Checkpoint = Answer<'listCheckpoints'>['items'][number];
type Witness = State['witnesses'][number];
type Chain = State['chains']['longest'][number];

/** What seals the record: checkpoints, who outside has them, what is gone, and the chains under them. */
export function Checkpoints({ state }: { readonly state: State }) {
  const list = useList('listCheckpoints', { query: {} });
  return (
    <div className={style.stack}>
      <div className="columns even">
        <Witnesses state={state} />
        <Kept state={state} />
      </div>
      <Section title={texts.table} remark={texts.remark}>
        {list.error && <ErrorNote error={list.error} onRetry={() => void list.refetch()} />}
        {list.isPending && <Loading />}
        {list.data && list.items.length === 0 && <Empty title={texts.none} />}
        {list.items.length > 0 && (
          <Table
            label={texts.table}
            columns={columns}
            rows={list.items}
            rowKey={({ number }) => String(number)}
            more={list}
            exportName="checkpoints"
          />
        )}
      </Section>
      <Section title={texts.chains} remark={texts.chainsRemark}>
        <p className="quiet">{texts.chainsCount(state.chains.count, state.chains.longest.length)}</p>
        <Table
          label={texts.chains}
          columns={chainColumns}
          rows={state.chains.longest}
          rowKey={({ node }) => node}
          exportName="chains"
        />
      </Section>
    </div>
  );
}

const columns: readonly Column<Checkpoint>[] = [
  {
    title: texts.columns.number,
    number: true,
    stays: true,
    width: '80px',
    cell: ({ number }) => toNumber(number),
    text: ({ number }) => String(number),
  },
  {
    title: texts.columns.when,
    stays: true,
    cell: ({ timeMs }) => <Time ms={timeMs} />,
    text: ({ timeMs }) => new Date(timeMs).toISOString(),
  },
  {
    title: texts.columns.covers,
    number: true,
    cell: ({ size }) => toNumber(size),
    text: ({ size }) => String(size),
  },
  {
    title: texts.columns.adds,
    number: true,
    cell: ({ lines }) => toNumber(lines),
    text: ({ lines }) => String(lines),
  },
  {
    title: texts.columns.witness,
    cell: ({ witnessed }) => (
      <OutcomeMark outcome={witnessed ? 'allowed' : 'waiting'}>
        {witnessed ? texts.witnessed : texts.unwitnessed}
      </OutcomeMark>
    ),
    text: ({ witnessed }) => (witnessed ? texts.witnessed : texts.unwitnessed),
  },
  {
    title: texts.columns.key,
    cell: ({ kid, algorithm }) => (
      <code>
        {kid} {algorithm}
      </code>
    ),
    text: ({ kid, algorithm }) => `${kid} ${algorithm}`,
  },
  {
    title: texts.columns.root,
    cell: ({ root, pruned }) => (
      <>
        <code className={style.hash}>{root}</code>
        {pruned > 0 && <span className="remark"> {texts.pruned(pruned)}</span>}
      </>
    ),
    text: ({ root }) => root,
  },
];

const chainColumns: readonly Column<Chain>[] = [
  {
    title: texts.node,
    stays: true,
    cell: ({ node }) => <code className={style.hash}>{node}</code>,
    text: ({ node }) => node,
  },
  {
    title: texts.lines,
    number: true,
    stays: true,
    cell: ({ lines }) => toNumber(lines),
    text: ({ lines }) => String(lines),
  },
];

const witnessColumns: readonly Column<Witness>[] = [
  {
    title: texts.witnesses,
    stays: true,
    cell: ({ kind, at }) => (
      <>
        {texts.witnessKinds[kind]} <code className={style.hash}>{at}</code>
      </>
    ),
    text: ({ kind, at }) => `${kind} ${at}`,
  },
  {
    title: texts.has,
    stays: true,
    cell: ({ number, timeMs }) =>
      number === null || timeMs === null ? (
        <OutcomeMark outcome="waiting">{texts.hasNothing}</OutcomeMark>
      ) : (
        <>
          {texts.hasNumber(number)}, <Time ms={timeMs} />
        </>
      ),
    text: ({ number }) => String(number ?? ''),
  },
];

function Witnesses({ state: { witnesses } }: { readonly state: State }) {
  return (
    <Section title={texts.witnesses} remark={texts.witnessesRemark}>
      {witnesses.length === 0 ? (
        <Empty title={texts.witnessNone}>{texts.witnessNoneLead}</Empty>
      ) : (
        <Table label={texts.witnesses} columns={witnessColumns} rows={witnesses} rowKey={({ at }) => at} />
      )}
    </Section>
  );
}

function Kept({ state: { keptDays, pruned } }: { readonly state: State }) {
  return (
    <Section title={texts.kept} remark={texts.keptRemark}>
      <p className="prose">
        {texts.keptFor(keptDays)}{' '}
        {pruned === null ? (
          texts.keptAll
        ) : (
          <>
            {texts.keptGone(pruned.lines)} <Time ms={pruned.lastMs} />; {texts.keptGoneWhen} <Time ms={pruned.timeMs} />
            .
          </>
        )}
      </p>
    </Section>
  );
}
