import { useRead } from '../../data/api.ts';
import type { Answer } from '../../data/problem.ts';
import { type Outcome, OutcomeMark } from '../../parts/marks.tsx';
import { Section } from '../../parts/section.tsx';
import { Await, Empty } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Time } from '../../parts/time.tsx';
import { toNumber } from '../../parts/time-words.ts';
import { pollEvery } from '../../session/idle.ts';
import { settingsTexts, exportTexts as texts } from '../../texts/settings.ts';
import { exportState } from './export-state.ts';

type Export = Answer<'listExports'>['items'][number];

const marks: Readonly<Record<ReturnType<typeof exportState>, Outcome>> = {
  failing: 'look',
  idle: 'waiting',
  behind: 'narrowed',
  current: 'allowed',
};

const columns: readonly Column<Export>[] = [
  {
    title: settingsTexts.name,
    stays: true,
    cell: ({ name, kind }) => (
      <>
        <b>{name}</b> <span className="remark">{texts.kinds[kind]}</span>
      </>
    ),
    text: ({ name, kind }) => `${name} ${kind}`,
  },
  {
    title: texts.state,
    stays: true,
    cell: (each) => <State of={each} />,
    text: (each) => `${exportState(each)} ${each.failing?.why ?? ''}`.trim(),
  },
  { title: texts.to, cell: ({ to }) => <code>{to}</code>, text: ({ to }) => to },
  { title: texts.format, cell: ({ format }) => <code>{format}</code>, text: ({ format }) => format },
  {
    title: texts.records,
    cell: ({ records }) => (records === null ? texts.all : records.join(', ')),
    text: ({ records }) => records?.join(' ') ?? '',
  },
  {
    title: texts.position,
    number: true,
    cell: ({ position }) => toNumber(position),
    text: ({ position }) => String(position),
  },
  { title: texts.behind, number: true, cell: ({ behind }) => toNumber(behind), text: ({ behind }) => String(behind) },
  { title: texts.sent, number: true, cell: ({ sent }) => toNumber(sent), text: ({ sent }) => String(sent) },
  {
    title: texts.dead,
    number: true,
    cell: ({ dead }) => (dead === 0 ? '0' : <OutcomeMark outcome="look">{toNumber(dead)}</OutcomeMark>),
    text: ({ dead }) => String(dead),
  },
];

function State({ of }: { readonly of: Export }) {
  const state = exportState(of);
  return (
    <>
      <OutcomeMark outcome={marks[state]}>
        {state === 'behind' ? texts.states.behind(of.lagSeconds) : texts.states[state]}
      </OutcomeMark>
      {of.failing && (
        <span className="remark">
          {' '}
          <code>{of.failing.why}</code> <Time ms={Date.parse(of.failing.since)} />
        </span>
      )}
    </>
  );
}

/** Where the record goes besides the store, how far it has come, and what keeps it. */
export function Exports() {
  const exports = useRead('listExports', {}, { refetchInterval: pollEvery(10_000) });
  return (
    <Section title={settingsTexts.parts.exports} remark={texts.remark}>
      <Await query={exports}>
        {({ value: { items } }) =>
          items.length === 0 ? (
            <Empty title={texts.none}>{texts.noneLead}</Empty>
          ) : (
            <>
              <Table
                label={settingsTexts.parts.exports}
                columns={columns}
                rows={items}
                rowKey={({ name }) => name}
                exportName="exports"
              />
              <p className="quiet prose">
                {texts.replay} <code>credence exports replay NAME --from PLACE</code>.
                {items.some(({ dead }) => dead > 0) && ` ${texts.deadLead}`}
              </p>
            </>
          )
        }
      </Await>
    </Section>
  );
}
