import { useQueries } from '@tanstack/react-query';
import { useMemo } from 'react';
import { call } from '../../data/api.ts';
import { useMe } from '../../data/me.ts';
import { windowSize, windowsOf } from './model.ts';
import { type MatrixData, type Sight, useSame } from './use-matrix.ts';

/** How many people reach each server in sight, by its id; nothing where this administrator does not see that. */
export function useCounts(
  data: MatrixData | undefined,
  { columns: [first, last] }: Sight,
): ReadonlyMap<string, number> {
  const { permissions } = useMe();
  const may = permissions.includes('read:reach');
  const windows = windowsOf(first, last).map((from) =>
    Array.from({ length: windowSize }, (_, at) => data?.column(from + at)).flatMap((column) =>
      column?.kind === 'server' ? [column.id] : [],
    ),
  );
  const queries = useQueries({
    queries: windows.map((ids) => {
      const asked = { query: { servers: ids.join(',') } };
      const enabled = may && ids.length > 0;
      return { queryKey: ['countReach', asked], queryFn: () => call('countReach', asked), enabled, staleTime: 60_000 };
    }),
  });
  const answers = useSame(queries.map((query) => query.data));
  return useMemo(
    () => new Map(answers.flatMap((told) => told?.value.items ?? []).map(({ server, people }) => [server, people])),
    [answers],
  );
}
