import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { call, useRead } from './api.ts';
import { useMe } from './me.ts';

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

/** Clients and servers of both sides with their names, for lists to choose from; ids that are gone keep their ids. */
export function useThings() {
  const { permissions } = useMe();
  const enabled = permissions.includes('read:policy');
  const servers = useRead('listServers', {}, { enabled });
  const clients = useRead('listClients', { query: {} }, { enabled });
  return useMemo(() => {
    const listed = (names: ReadonlyMap<string, string>) => toChoices([...names].map(([id, name]) => ({ id, name })));
    const serverNames = new Map<string, string>();
    const { granted = [], guarded = [] } = servers.data?.value ?? {};
    for (const { id, name } of [...guarded, ...granted]) serverNames.set(id, name);
    const clientNames = new Map<string, string>();
    for (const { id, name } of clients.data?.value.items ?? []) clientNames.set(id, name);
    return { serverNames, clientNames, servers: listed(serverNames), clients: listed(clientNames) };
  }, [servers.data, clients.data]);
}

/** For a list to choose from, by name. */
export function toChoices(things: readonly { readonly id: string; readonly name: string }[]): readonly Choice[] {
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
