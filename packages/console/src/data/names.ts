import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { call, useRead } from './api.ts';
import { useMe } from './me.ts';
import type { Answer } from './problem.ts';

/** Ids in one request. */
const inOne = 100;

/** E-mail addresses to the ids of people, as far as this administrator may see people and they are known here. */
export function usePeopleNames(ids: readonly (string | undefined)[]): (id: string) => string | undefined {
  const { permissions } = useMe();
  const may = permissions.includes('read:people');
  const wanted = [...new Set(ids.filter((id) => id !== undefined && !id.includes(',')))].sort() as readonly string[];
  const { data } = useQuery({
    queryKey: ['namePeople', wanted],
    queryFn: async () => {
      const known = new Map<string, string>();
      for (let at = 0; at < wanted.length; at += inOne) {
        const { value } = await call('namePeople', { query: { ids: wanted.slice(at, at + inOne).join(',') } });
        for (const { id, email } of value.items) known.set(id, email);
      }
      return known;
    },
    enabled: may && wanted.length > 0,
    placeholderData: keepPreviousData,
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
