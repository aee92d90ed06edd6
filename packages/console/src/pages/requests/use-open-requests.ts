import { useRead } from '../../data/api.ts';
import { pollEvery } from '../../session/idle.ts';

/** How many requests nobody has answered, for the navigation. */
export function useOpenRequests(): number {
  const { data } = useRead('listRequests', { query: { limit: 1 } }, { refetchInterval: pollEvery(30_000) });
  return data?.value.open ?? 0;
}
