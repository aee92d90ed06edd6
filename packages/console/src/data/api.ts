import { createAdminClient, type Operations, type Problem } from '@credence/server/admin-client';
import { type QueryClient, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef } from 'react';
import type { pollEvery } from '../session/idle.ts';
import { needSignIn } from '../session/sign-in.ts';
import { type Answer, ApiProblem, noAnswer, type OperationId, signInNeeded } from './problem.ts';
import { makeVisible } from './visible.ts';

const client = createAdminClient('/api/v1', (...args) => fetch(...args));

type Asked<K extends OperationId> = Omit<Operations[K], 'method' | 'path' | 'answer'>;

/** An answer with the version it has; {@link useChange} sends that version back as `If-Match`. */
export interface Told<K extends OperationId> {
  readonly value: Answer<K>;
  readonly etag: string | undefined;
}

/** One call of the admin API. Throws {@link ApiProblem}; a missing or too old sign-in is made up for first, and the call repeated. */
export async function call<K extends OperationId>(operation: K, asked: Asked<K>): Promise<Told<K>> {
  for (;;) {
    const told = await client(operation, asked);
    if (told.ok) return { value: makeVisible(told.value), etag: told.etag };
    const need = signInNeeded(told.problem);
    if (need === undefined || !(await needSignIn(need))) throw new ApiProblem(makeVisible(told.problem));
  }
}

/** Opens what goes on for a while, such as an export, by its address; a sign-in is made up for as in {@link call}. */
export async function openStream(path: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  for (;;) {
    const response = await fetch(path, { headers: { 'credence-console': '1' }, signal });
    if (response.ok && response.body) return response.body;
    const problem = makeVisible((await response.json().catch(() => noAnswer)) as Problem);
    const need = signInNeeded(problem);
    if (need === undefined || !(await needSignIn(need))) throw new ApiProblem(problem);
  }
}

/**
 * Who is signed in at this moment, `undefined` = nobody; asked as it is: no sign-in is made up for, and nothing is kept. Throws where the
 * server does not say.
 */
export async function signedInNow(): Promise<string | undefined> {
  const told = await client('getMe', {});
  if (told.ok) return told.value.id;
  if (signInNeeded(told.problem) === 'out') return undefined;
  throw new ApiProblem(told.problem);
}

/** Ends the session here; resolves to whether it is over. Where it was over before nobody is asked to sign in for that. */
export async function endSession(): Promise<boolean> {
  const told = await client('signOut', {}).catch(() => undefined);
  return told !== undefined && (told.ok || signInNeeded(told.problem) === 'out');
}

/** Reads something; read again when its operation is named in {@link useChange}. */
export function useRead<K extends OperationId>(
  operation: K,
  asked: Asked<K>,
  options: { readonly enabled?: boolean; readonly refetchInterval?: ReturnType<typeof pollEvery> } = {},
) {
  return useQuery({ ...toQuery(operation, asked), ...options });
}

/** Whether what it reads is known as it is now: neither still to come, nor what was read before it failed. What is not asked for is nothing. */
export function isRead({ isLoading, error }: { readonly isLoading: boolean; readonly error: unknown }): boolean {
  return !isLoading && error === null;
}

function toQuery<K extends OperationId>(operation: K, asked: Asked<K>) {
  return { queryKey: [operation, asked] as const, queryFn: () => call(operation, asked) };
}

/** Asks for what a part of the page will read by {@link useRead}, where that part is drawn only when something else has come. */
export function useReadAhead<K extends OperationId>(operation: K, asked: Asked<K>, enabled = true): void {
  const queries = useQueryClient();
  const query = toQuery(operation, asked);
  useEffect(() => {
    // What is there, or under way, or was refused, is not asked for again.
    if (enabled && !queries.getQueryState(query.queryKey)) void queries.prefetchQuery(query);
  });
}

/** Operations that answer `{ items, next }` and take a cursor. */
type ListId = {
  [K in OperationId]: Answer<K> extends { items: readonly unknown[]; next: string | null } ? K : never;
}[OperationId];
type Item<K extends ListId> = Answer<K> extends { items: readonly (infer I)[] } ? I : never;

/** Reads a long list page by page; `items` is what has been read so far. */
export function useList<K extends ListId>(operation: K, asked: Asked<K>, enabled = true) {
  const query = useInfiniteQuery({
    queryKey: [operation, asked, 'pages'],
    queryFn: ({ pageParam }) => {
      const given = asked as { readonly query?: object };
      const at = { ...given, query: { ...given.query, ...(pageParam && { cursor: pageParam }) } };
      return call(operation, at as Asked<K>);
    },
    initialPageParam: '',
    getNextPageParam: ({ value }) => (value as { next: string | null }).next ?? undefined,
    enabled,
  });
  const { data } = query;
  const items = useMemo(
    () => data?.pages.flatMap(({ value }) => [...(value as unknown as { items: readonly Item<K>[] }).items]) ?? [],
    [data],
  );
  return { ...query, items };
}

/**
 * Changes something, and reads anew what depends on it.
 * @param touches - operations whose answers it may change
 */
export function useChange<K extends OperationId>(operation: K, touches: readonly OperationId[] = []) {
  const queries = useQueryClient();
  const underWay = useRef(new Map<string, Promise<Told<K>>>());
  return useMutation({
    // A button that is pressed twice does it once: the same again, before the page shows what became of it, is the same change.
    mutationFn: (asked: Asked<K>) => {
      const key = JSON.stringify(asked);
      const change = underWay.current.get(key) ?? call(operation, asked);
      underWay.current.set(key, change);
      return change;
    },
    onSettled: async (_, __, asked) => {
      await readAgain(queries, touches);
      underWay.current.delete(JSON.stringify(asked));
    },
  });
}

/** Marks answers as out of date: those on the page are read again. */
export async function readAgain(queries: QueryClient, operations: readonly OperationId[]): Promise<void> {
  await Promise.all(operations.map((operation) => queries.invalidateQueries({ queryKey: [operation] })));
}
