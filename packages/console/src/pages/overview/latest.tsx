import { Link, useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useRead } from '../../data/api.ts';
import { useLive } from '../../data/live.ts';
import { usePeopleNames, useReasons, useThings } from '../../data/names.ts';
import { LiveDot } from '../../parts/marks.tsx';
import { places } from '../../parts/name.tsx';
import { Section } from '../../parts/section.tsx';
import { Table } from '../../parts/table.tsx';
import { overviewTexts as texts } from '../../texts/overview.ts';
import { columnsOf } from '../decisions/columns.tsx';
import { kindsOf } from '../decisions/filter-query.ts';
import { type Line, newestFirst, personOf, toLine } from '../decisions/line.ts';

const shown = 10;
const kinds = kindsOf.decisions ?? [];

/** What this shows first. */
export const latestAsked = { query: { kind: kinds.join(','), limit: shown } };

/** The last few decisions, as they are made. */
export function Latest({ idp }: { readonly idp: string }) {
  const found = useRead('listRecords', latestAsked);
  const live = useLive<Line>({}, { isOn: true, isHeld: false, fits: ({ kind }) => kinds.includes(kind) });
  const rows = useMemo(() => {
    const all = [...live.lines, ...(found.data?.value.items ?? []).map(toLine)];
    return newestFirst(all).slice(0, shown);
  }, [live.lines, found.data]);
  const people = usePeopleNames(rows.map((line) => personOf(line, idp)));
  const things = useThings();
  const reasons = useReasons();
  const navigate = useNavigate();
  const columns = useMemo(
    () => columnsOf({ idp, people, things, reasons }).slice(0, -1),
    [idp, people, things, reasons],
  );
  return (
    <Section
      title={texts.latest}
      remark={live.state === 'live' ? <LiveDot>{texts.following}</LiveDot> : undefined}
      action={<Link to="/decisions">{texts.allDecisions}</Link>}
    >
      {rows.length === 0 ? (
        <p className="quiet">{texts.quiet}</p>
      ) : (
        <Table
          label={texts.latest}
          columns={columns}
          rows={rows}
          rowKey={({ id }) => id}
          onOpen={({ id }) => void navigate({ to: places.decision(id) })}
        />
      )}
    </Section>
  );
}
