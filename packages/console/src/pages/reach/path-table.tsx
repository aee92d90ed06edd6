import { Fragment, useState } from 'react';
import { type Outcome, OutcomeMark } from '../../parts/marks.tsx';
import { Name, places } from '../../parts/name.tsx';
import { Section } from '../../parts/section.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Time } from '../../parts/time.tsx';
import { toExact } from '../../parts/time-words.ts';
import { outcomeWords } from '../../texts/parts.ts';
import { reachTexts as texts } from '../../texts/reach.ts';
import {
  clientWords,
  conditionWords,
  isOpen,
  keyOf,
  type Path,
  type Paths,
  serverWords,
  stopWords,
} from './path-words.ts';
import style from './reach.module.css';
import { SubjectName } from './subject-name.tsx';

/** What stands below must not be out of sight at once. */
const readAtOnce = 15;

/** Every path in words, with where it ends: what the graph shows, for those who read. */
export function PathTable({
  all,
  paths,
  at,
  onChoose,
}: {
  readonly all: Paths;
  readonly paths: readonly Path[];
  readonly at: string;
  readonly onChoose: (at: string) => void;
}) {
  const open = paths.filter((path) => isOpen(path) && path.change === 'kept').length;
  const drafted = paths.filter(({ change }) => change !== 'kept').length;
  const [isWhole, showAll] = useState(false);
  const isLong = !isWhole && paths.length > readAtOnce + 1;
  return (
    <Section title={texts.words} remark={texts.wordsRemark(open, paths.length - open - drafted, drafted)}>
      <Table
        label={texts.words}
        columns={columnsFor(all)}
        rows={isLong ? paths.slice(0, readAtOnce) : paths}
        rowKey={keyOf}
        onOpen={(path) => onChoose(keyOf(path) === at ? '' : keyOf(path))}
        more={{ hasNextPage: isLong, isFetchingNextPage: false, fetchNextPage: () => showAll(true) }}
        {...(!isLong && { exportName: 'paths' })}
      />
    </Section>
  );
}

function columnsFor(all: Paths): readonly Column<Path>[] {
  const used: Column<Path> = {
    title: texts.used,
    width: '110px',
    cell: ({ lastMs, state }) =>
      state === 'refused' ? null : lastMs === null ? (
        <span className="quiet">{texts.never}</span>
      ) : (
        <Time ms={lastMs} />
      ),
    text: ({ lastMs }) => (lastMs === null ? '' : toExact(lastMs)),
  };
  return [
    {
      title: texts.now,
      stays: true,
      width: '120px',
      cell: (path) => <OutcomeMark outcome={outcomeOf(path)}>{wordOf(path)}</OutcomeMark>,
      text: wordOf,
    },
    {
      title: texts.path,
      stays: true,
      cell: (path) => <Words path={path} all={all} />,
      text: (path) => textOf(path, all),
    },
    ...(all.person ? [used] : []),
  ];
}

function outcomeOf({ change, state }: Path): Outcome {
  if (change !== 'kept') return 'draft';
  return { allowed: 'allowed', conditional: 'narrowed', refused: 'refused' }[state] as Outcome;
}

function wordOf({ change, state }: Path): string {
  if (change === 'gained') return texts.gained;
  if (change === 'lost') return texts.lost;
  return { allowed: outcomeWords.allowed, conditional: texts.onlyIf, refused: outcomeWords.refused }[state];
}

function Words({ path, all }: { readonly path: Path; readonly all: Paths }) {
  const { subject, rule, client, server, scopes, stop } = path;
  const steps: React.ReactNode[] = [
    <SubjectName key="subject" subject={subject} all={all} />,
    <code key="rule">{rule}</code>,
    ...(client === null
      ? []
      : [
          <Name key="client" to={places.client(client)}>
            {clientWords(client, all)}
          </Name>,
        ]),
    ...(all.servers.length > 1
      ? [
          <Name key="server" to={places.server(server)}>
            {serverWords(server, all)}
          </Name>,
        ]
      : []),
    <code key="scopes">{scopes.join(' ')}</code>,
  ];
  const conditions = conditionWords(path, all);
  return (
    <span className={style.path}>
      {steps.map((step, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the steps of a path stand where they stand
        <Fragment key={at}>
          {at > 0 && (
            <span aria-hidden="true" className={style.arrow}>
              →
            </span>
          )}
          {step}
        </Fragment>
      ))}
      {stop && <span className={style.stop}>{stopWords(path, all)}</span>}
      {conditions !== '' && <span className="quiet">{conditions}</span>}
    </span>
  );
}

function textOf(path: Path, all: Paths): string {
  const { subject, rule, client, server, scopes } = path;
  const steps = [subject, rule, ...(client === null ? [] : [client]), server, scopes.join(' ')].join(' > ');
  return [steps, stopWords(path, all), conditionWords(path, all)].filter(Boolean).join('; ');
}
