import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useList } from '../../data/api.ts';
import { usePeopleNames, useReasons } from '../../data/names.ts';
import { Button, Segmented } from '../../parts/button.tsx';
import { Choice } from '../../parts/field.tsx';
import { Name, places } from '../../parts/name.tsx';
import { useIsNarrow } from '../../parts/narrow.ts';
import { PersonChoice } from '../../parts/person-choice.tsx';
import { Empty, ErrorNote, Loading } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { actionTexts as texts } from '../../texts/audit.ts';
import { decisionsTexts, kindWords } from '../../texts/decisions.ts';
import { partTexts } from '../../texts/parts.ts';
import { LineMark, LineTime } from '../decisions/columns.tsx';
import { type Line, short, toLine, whyOf } from '../decisions/line.ts';
import { type ActionFilters, changesOf, toAbout, toActionQuery } from './actions-query.ts';
import style from './audit.module.css';
import { TokenChoice } from './token-choice.tsx';

const pageLength = 100;
/** Members of a change that stand in its row; all of them on its page. */
const shownChanges = 3;

/** What those who run it have done, and were refused: each with what was before and after. */
export function Actions() {
  const search: Readonly<Record<string, unknown>> = useSearch({ strict: false });
  const of = (name: string) => (typeof search[name] === 'string' ? (search[name] as string) : '');
  const filters = {
    about: of('about'),
    outcome: of('outcome'),
    since: of('since'),
    person: of('person'),
    by: of('by'),
    token: of('token'),
  };
  const key = JSON.stringify(filters);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a span counts from when it was chosen, so that pages fit together
  const query = useMemo(() => toActionQuery(filters, Date.now()), [key]);
  const found = useList('listRecords', { query: { ...query, limit: pageLength } });
  const rows = useMemo(() => found.items.map(toLine), [found.items]);
  const people = usePeopleNames(rows.flatMap(({ by, person }) => [by, person]));
  const reasons = useReasons();
  const navigate = useNavigate();
  const columns = useMemo(() => columnsOf(people, (reason) => reasons.get(reason)?.hint), [people, reasons]);
  return (
    <>
      <Filters filters={filters} />
      {found.error && <ErrorNote error={found.error} onRetry={() => void found.refetch()} />}
      {found.isPending && <Loading rows={10} />}
      {found.data && rows.length === 0 && (
        <Empty
          title={found.hasNextPage ? decisionsTexts.looksOn : texts.none}
          action={
            found.hasNextPage && (
              <Button disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
                {partTexts.showMore}
              </Button>
            )
          }
        >
          {!found.hasNextPage && texts.noneLead}
        </Empty>
      )}
      {rows.length > 0 && (
        <Table
          label={texts.table}
          columns={columns}
          rows={rows}
          rowKey={({ id }) => id}
          onOpen={({ id }) => void navigate({ to: places.decision(id) })}
          more={found}
          exportName="administration"
        />
      )}
    </>
  );
}

function Filters({ filters: { about, outcome, since, person, by, token } }: { readonly filters: ActionFilters }) {
  const navigate = useNavigate();
  const change = (next: Partial<ActionFilters>) =>
    void navigate({
      to: '.',
      search: (before: Record<string, unknown>) =>
        Object.fromEntries(Object.entries({ ...before, ...next }).filter(([, value]) => value !== '')),
      resetScroll: false,
    });
  const AboutChoice = useIsNarrow() ? Choice : Segmented<string>;
  const orAll = (value: string) => (value === 'all' ? '' : value);
  return (
    <search className={style.filters} aria-label={texts.of}>
      <div className="row">
        <AboutChoice
          label={texts.of}
          value={toAbout(about)}
          options={toOptions(texts.ofs)}
          onChange={(next) => change({ about: orAll(next) })}
        />
        <Segmented
          label={decisionsTexts.outcome}
          value={outcome || 'all'}
          options={toOptions(decisionsTexts.outcomes)}
          onChange={(next) => change({ outcome: orAll(next) })}
        />
        <Segmented
          label={decisionsTexts.since}
          value={since || 'all'}
          options={toOptions(decisionsTexts.sinces)}
          onChange={(next) => change({ since: orAll(next) })}
        />
      </div>
      <div className={style.people}>
        <PersonChoice
          label={texts.by}
          placeholder={decisionsTexts.anybody}
          value={by}
          onChange={(next) => change({ by: next })}
        />
        <TokenChoice value={token} onChange={(next) => change({ token: next })} />
        <PersonChoice
          label={texts.aboutPerson}
          placeholder={decisionsTexts.anybody}
          value={person}
          onChange={(next) => change({ person: next })}
        />
      </div>
    </search>
  );
}

function toOptions(words: Readonly<Record<string, string>>) {
  return Object.entries(words).map(([value, label]) => ({ value, label }));
}

function columnsOf(
  people: (id: string) => string | undefined,
  hintOf: (reason: string) => string | undefined,
): readonly Column<Line>[] {
  const person = (id: string | undefined) => {
    if (id === undefined) return null;
    const name = people(id);
    return name === undefined ? <code title={id}>{short(id)}</code> : <Name to={places.person(id)}>{name}</Name>;
  };
  const textOf = (id: string | undefined) => (id === undefined ? '' : (people(id) ?? id));
  const { columns } = texts;
  return [
    {
      title: columns.time,
      cell: ({ timeMs }) => <LineTime ms={timeMs} />,
      text: ({ timeMs }) => new Date(timeMs).toISOString(),
    },
    {
      title: columns.what,
      stays: true,
      cell: (line) => (
        <>
          <LineMark line={line} /> <span className={`quiet ${style.detail}`}>{whyOf(line, hintOf)}</span>
        </>
      ),
      text: (line) => `${kindWords[line.kind] ?? line.kind}, ${line.outcome}: ${whyOf(line, hintOf)}`,
    },
    {
      title: columns.by,
      stays: true,
      cell: ({ by, credential }) => (
        <>
          {person(by)}{' '}
          {credential !== undefined && (
            <span className="remark">
              <Name to={`/audit?token=${encodeURIComponent(credential)}`}>{texts.token}</Name>
            </span>
          )}
        </>
      ),
      text: ({ by, credential }) => `${textOf(by)}${credential === undefined ? '' : `, ${texts.token} ${credential}`}`,
    },
    { title: columns.about, cell: (line) => person(line.person), text: (line) => textOf(line.person) },
    {
      title: columns.change,
      cell: (line) => <Change line={line} />,
      text: (line) =>
        changesOf(line)
          .map(({ name, before = '', after = '' }) => `${name}: ${before} → ${after}`)
          .join('; '),
    },
  ];
}

function Change({ line }: { readonly line: Line }) {
  const changed = changesOf(line);
  if (changed.length === 0) return null;
  return (
    <span className={style.change}>
      {changed.slice(0, shownChanges).map(({ name, before, after }) => (
        <span key={name}>
          {name}: {before !== undefined && <del>{clip(before)}</del>}{' '}
          {after !== undefined && <code>{clip(after)}</code>}
        </span>
      ))}
      {changed.length > shownChanges && <span className="remark">{texts.more(changed.length - shownChanges)}</span>}
    </span>
  );
}

function clip(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
