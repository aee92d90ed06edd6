import { useThrottledValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo, useRef } from 'react';
import { call, useRead } from './api.ts';
import { useMe } from './me.ts';
import type { Answer } from './problem.ts';

/** Ids in one request. */
const inOne = 100;

/** So often at most, as lines may come many a second; and so long what was told is not asked for again. */
const [askMs, freshMs] = [1000, 60_000];

interface Told {
  /** `undefined` = nobody here has this id. */
  readonly email: string | undefined;
  readonly atMs: number;
}

/** E-mail addresses to the ids of people, as far as this administrator may see people and they are known here. */
export function usePeopleNames(ids: readonly (string | undefined)[]): (id: string) => string | undefined {
  const { permissions } = useMe();
  const may = permissions.includes('read:people');
  const all = [...new Set(ids.filter((id) => id !== undefined && !id.includes(',')))].sort().join(',');
  const wanted = useThrottledValue(all, askMs);
  const told = useRef(new Map<string, Told>());
  const { data } = useQuery({
    queryKey: ['namePeople', wanted],
    queryFn: async () => {
      const each = wanted.split(',');
      const since = Date.now() - freshMs;
      const unknown = each.filter((id) => (told.current.get(id)?.atMs ?? 0) < since);
      for (let at = 0; at < unknown.length; at += inOne) {
        const some = unknown.slice(at, at + inOne);
        const { value } = await call('namePeople', { query: { ids: some.join(',') } });
        const emails = new Map(value.items.map(({ id, email }) => [id, email]));
        for (const id of some) told.current.set(id, { email: emails.get(id), atMs: Date.now() });
      }
      return new Map(each.map((id) => [id, told.current.get(id)?.email]));
    },
    enabled: may && wanted !== '',
    placeholderData: keepPreviousData,
    gcTime: askMs,
  });
  return useMemo(() => (id: string) => data?.get(id), [data]);
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

/** Names of the clients and servers of both sides; ids that are gone keep their ids. */
export function useThings() {
  const { granted, others } = useNames();
  return useMemo(() => {
    const toNames = (of: 'servers' | 'clients') =>
      new Map([...(granted?.[of] ?? []), ...(others?.[of] ?? [])].map(({ id, name }) => [id, name]));
    return { serverNames: toNames('servers'), clientNames: toNames('clients') };
  }, [granted, others]);
}

/**
 * The same as lists to choose from.
 * @param sides - `granted`: those of the access document alone, as of others no rule speaks
 */
export function useChoices(sides: 'both' | 'granted') {
  const { granted, others } = useNames();
  return useMemo(() => {
    const toList = (of: 'servers' | 'clients') =>
      toChoices([...(granted?.[of] ?? []), ...(sides === 'both' ? (others?.[of] ?? []) : [])]);
    return { servers: toList('servers'), clients: toList('clients') };
  }, [granted, others, sides]);
}

function useNames(): Partial<Answer<'listNames'>> {
  const { permissions } = useMe();
  const { data } = useRead('listNames', {}, { enabled: permissions.includes('read:policy') });
  return data?.value ?? {};
}

/** For a list to choose from, by name. */
function toChoices(things: readonly { readonly id: string; readonly name: string }[]): readonly Choice[] {
  return things
    .map(({ id, name }) => ({ value: id, label: name === id ? name : `${name} (${id})` }))
    .sort((a, b) => compare(a.label, b.label));
}

/** Made once: one for each comparison takes long for a thousand names. */
const { compare } = new Intl.Collator('en');

/** Reasons of refusals in words. They are the same for as long as the server runs. */
export function useReasons() {
  const { data } = useRead('listReasons', {});
  return useMemo(() => new Map((data?.value.items ?? []).map((each) => [each.reason, each])), [data]);
}
