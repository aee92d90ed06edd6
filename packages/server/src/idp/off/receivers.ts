import type { AccessIndex } from '../../policy/compile.ts';

/** A RAS that is told when something ends for somebody, and where it takes that. */
export interface Receiver {
  readonly ras: string;
  readonly endpoint: string;
}

/** Every RAS that a server of the document names, but for those that are to be told nothing. */
export function toReceivers({ servers, audiences }: AccessIndex): readonly Receiver[] {
  const issuers = new Set([...servers.values()].map(({ ras }) => ras));
  return [...issuers].flatMap((ras) => {
    const { signals } = audiences.get(ras) ?? {};
    return signals === false ? [] : [{ ras, endpoint: signals ?? `${ras}/events` }];
  });
}
