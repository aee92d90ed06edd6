import { useEffect, useRef, useState } from 'react';
import { call } from '../../data/api.ts';
import { isSomebodyThere } from '../../session/idle.ts';
import { type Running, startReplay } from './run-replay.ts';

const dayMs = 86_400_000;
/** Decisions in one call. */
const limit = 1000;

/**
 * The last days decided again under one text of the draft.
 * @param digest - of the text whose words are on the page
 */
export function useReplay(id: string, digest: string, days: number) {
  const [running, setRunning] = useState<Running>();
  const replay = useRef<ReturnType<typeof startReplay>>(undefined);
  useEffect(() => {
    const toMs = Date.now();
    const fromMs = toMs - days * dayMs;
    const mine = startReplay({
      fromMs,
      toMs,
      digest,
      isSomebodyThere: () => isSomebodyThere(Date.now()),
      onChange: setRunning,
      read: async (cursor) => {
        const query = { fromMs, toMs, limit, ...(cursor !== undefined && { cursor }) };
        return (await call('replayDraft', { params: { id }, query })).value;
      },
    });
    replay.current = mine;
    return () => mine.end();
  }, [id, digest, days]);
  return { running, goOn: () => replay.current?.goOn(), hold: () => replay.current?.hold() };
}
