import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { call } from '../../data/api.ts';
import { places } from '../../parts/name.tsx';
import { areKeysOn } from '../../shell/keys.ts';
import { type Filters, toQuery } from './filter-query.ts';
import type { Line } from './line.ts';

/** How far ahead is looked for the next line, one after the other: the record is read backwards only. */
const aheadMs = [1000, 15_000, 240_000, 3_600_000, 43_200_000, 604_800_000];
const most = 200;

/** The lines before and behind one, by the filters the page was opened with; `[` and `]` go there. */
export function useNeighbours(line: Line, filters: Filters): { readonly older?: string; readonly newer?: string } {
  const navigate = useNavigate();
  const { data } = useQuery({
    queryKey: ['neighbours', line.id, filters],
    queryFn: async () => {
      const query = toQuery(filters, Date.now());
      const [older, newer] = await Promise.all([findOlder(line, query), findNewer(line, query)]);
      return { ...(older !== undefined && { older }), ...(newer !== undefined && { newer }) };
    },
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
      const to = { '[': data?.older, ']': data?.newer }[event.key];
      if (to === undefined || isTyping || !areKeysOn() || document.querySelector('[data-overlay]')) return;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      void navigate({ to: places.decision(to), search: (before: object) => before });
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [data, navigate]);
  return data ?? {};
}

type Query = ReturnType<typeof toQuery>;

async function findOlder({ id, timeMs }: Line, query: Query): Promise<string | undefined> {
  const toMs = timeMs + 1;
  const { value } = await call('listRecords', { query: { ...query, toMs, limit: 20 } });
  const at = value.items.findIndex((item) => item.id === id);
  return value.items[at + 1]?.id;
}

async function findNewer({ id, timeMs }: Line, query: Query): Promise<string | undefined> {
  const until = Math.min(query.toMs ?? Number.POSITIVE_INFINITY, Date.now() + 1000);
  for (const ahead of aheadMs) {
    const toMs = Math.min(until, timeMs + ahead);
    const { value } = await call('listRecords', { query: { ...query, fromMs: timeMs, toMs, limit: most } });
    const at = value.items.findIndex((item) => item.id === id);
    const found = value.items.at(at < 0 ? -1 : at - 1);
    if (at !== 0 && found && found.id !== id) return found.id;
    if (toMs === until) return undefined;
  }
  return undefined;
}
