import type { Jwk } from '@credence/server/record-verification';
import { useQuery } from '@tanstack/react-query';

/** What verifies, loaded when it is first needed: nobody else waits for it. */
export const loadVerifier = () => import('./verifier.ts');

/** Fingerprints of keys, made here: one that the server told would be worth as much as its word. */
export function useFingerprints(keys: readonly Jwk[]): readonly string[] | undefined {
  const { data } = useQuery({
    queryKey: ['fingerprints', keys],
    queryFn: async () => {
      const { fingerprintOf } = await loadVerifier();
      return keys.map(fingerprintOf);
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
  return data;
}
