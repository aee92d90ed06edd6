import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useList, useRead } from '../../data/api.ts';
import { useLive } from '../../data/live.ts';
import { usePeopleNames, useReasons, useThings } from '../../data/names.ts';
import { Button } from '../../parts/button.tsx';
import { LiveDot } from '../../parts/marks.tsx';
import { places } from '../../parts/name.tsx';
import { PageHead } from '../../parts/section.tsx';
import { Empty, ErrorNote, Loading } from '../../parts/states.tsx';
import { Table } from '../../parts/table.tsx';
import { decisionsTexts as texts } from '../../texts/decisions.ts';
import { partTexts } from '../../texts/parts.ts';
import { columnsOf } from './columns.tsx';
import { canBeLive, type Filters, isNarrowed, kindsOf, readFilters, toQuery } from './filter-query.ts';
import { FilterBar } from './filters.tsx';
import { type Line, newestFirst, personOf, toLine } from './line.ts';

const pageLength = 100;

/** The record as it is written, and a search of it. */
export function Page() {
  const search: Readonly<Record<string, unknown>> = useSearch({ strict: false });
  const filters = readFilters(search);
  const key = JSON.stringify(filters);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a span counts from when it was chosen, so that pages fit together
  const query = useMemo(() => toQuery(filters, Date.now()), [key]);
  const found = useList('listRecords', { query: { ...query, limit: pageLength } });
  const [isPaused, setPaused] = useState(false);
  const [isInside, inside] = useIsInside();
  const kinds = kindsOf[filters.show];
  const live = useLive<Line>(toLiveQuery(filters), {
    isOn: canBeLive(query),
    isHeld: isPaused || isInside,
    fits: ({ kind }) => kinds === undefined || kinds.includes(kind),
  });
  const rows = useMemo(() => newestFirst([...live.lines, ...found.items.map(toLine)]), [live.lines, found.items]);
  const idp = useRead('getOverview', {}).data?.value.urls.idp ?? '';
  const people = usePeopleNames(rows.map((line) => personOf(line, idp)));
  const things = useThings();
  const reasons = useReasons();
  const navigate = useNavigate();
  const columns = useMemo(() => columnsOf({ idp, people, things, reasons }), [idp, people, things, reasons]);

  return (
    <>
      <PageHead title={texts.title} lead={texts.lead}>
        <p className="row remark" role="status">
          <LiveWords state={live.state} isHeld={isPaused || isInside} canBe={canBeLive(query)} held={live.held} />
          {live.state === 'live' && (
            <Button small aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
              {isPaused ? texts.resume : texts.pause}
            </Button>
          )}
        </p>
      </PageHead>
      <FilterBar filters={filters} reasons={reasons} />
      {live.skipped > 0 && <p className="remark">{texts.skipped(live.skipped)}</p>}
      <div ref={inside}>
        {found.error ? <ErrorNote error={found.error} onRetry={() => void found.refetch()} /> : null}
        {found.isPending && <Loading rows={12} />}
        {found.data && rows.length === 0 && <NothingFound filters={filters} found={found} />}
        {rows.length > 0 && (
          <Table
            label={texts.table}
            columns={columns}
            rows={rows}
            rowKey={({ id }) => id}
            onOpen={({ id }) => void navigate({ to: places.decision(id), search: (before: object) => before })}
            more={found}
            exportName="decisions"
          />
        )}
      </div>
    </>
  );
}

/** The stream takes one kind at most; several are told apart here. */
function toLiveQuery({ show, person, client, server, scope, reason, outcome }: Filters): Record<string, string> {
  const kinds = kindsOf[show];
  const all = { person, client, server, scope, reason, outcome, kind: kinds?.length === 1 ? (kinds[0] ?? '') : '' };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
}

function LiveWords({
  state,
  isHeld,
  canBe,
  held,
}: {
  readonly state: string;
  readonly isHeld: boolean;
  readonly canBe: boolean;
  readonly held: number;
}) {
  if (!canBe) return texts.still;
  if (state === 'away') return texts.away;
  if (state === 'over') return texts.over;
  if (state !== 'live') return null;
  if (!isHeld) return <LiveDot>{texts.live}</LiveDot>;
  return held > 0 ? `${texts.paused}: ${texts.held(held)}` : texts.paused;
}

function NothingFound({
  filters,
  found,
}: {
  readonly filters: Filters;
  readonly found: {
    readonly hasNextPage: boolean;
    readonly isFetchingNextPage: boolean;
    readonly fetchNextPage: () => unknown;
  };
}) {
  if (found.hasNextPage) {
    return (
      <Empty
        title={texts.looksOn}
        action={
          <Button disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
            {partTexts.showMore}
          </Button>
        }
      />
    );
  }
  if (!isNarrowed(filters)) return <Empty title={texts.empty}>{texts.emptyLead}</Empty>;
  return <Empty title={texts.none}>{texts.noneLead}</Empty>;
}

/** Whether the pointer or the focus is inside: then nothing moves there. */
function useIsInside(): readonly [boolean, React.RefObject<HTMLDivElement | null>] {
  const box = useRef<HTMLDivElement>(null);
  const [isInside, setInside] = useState(false);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const state = { pointer: false, focus: false };
    const set = (change: Partial<typeof state>) => {
      Object.assign(state, change);
      setInside(state.pointer || state.focus);
    };
    const ending = new AbortController();
    const on = (type: string, change: Partial<typeof state>) =>
      element.addEventListener(type, () => set(change), { signal: ending.signal });
    on('pointerenter', { pointer: true });
    on('pointerleave', { pointer: false });
    on('focusin', { focus: true });
    on('focusout', { focus: false });
    return () => ending.abort();
  }, []);
  return [isInside, box];
}
