import { useEffect, useRef, useState } from 'react';
import { makeVisible } from './visible.ts';

export type LiveState = 'off' | 'live' | 'away' | 'over';

/** Lines kept at most: whoever wants more searches. */
const mostLines = 300;

export interface LiveLines<T> {
  readonly state: LiveState;
  /** The newest first. */
  readonly lines: readonly T[];
  /** Came while held, and are not among them yet. */
  readonly held: number;
  /** Lines that came too fast for the stream. */
  readonly skipped: number;
}

/** What one event carries. Names in it are written by others, as those in any other answer (T32). */
export function readEvent<T>(data: string): T {
  return makeVisible(JSON.parse(data) as T);
}

/**
 * Follows the record. While `isHeld`, new lines wait, so that nothing moves under a pointer or the focus.
 * @param query - filters of `/live`; another object of the same content goes on with the same stream
 * @param fits - what the stream cannot tell apart by itself
 */
export function useLive<T extends { readonly id: string }>(
  query: Readonly<Record<string, string>>,
  { isOn, isHeld, fits }: { readonly isOn: boolean; readonly isHeld: boolean; readonly fits: (line: T) => boolean },
): LiveLines<T> {
  const [state, setState] = useState<LiveState>('off');
  const [lines, setLines] = useState<readonly T[]>([]);
  const [waiting, setWaiting] = useState<readonly T[]>([]);
  const [skipped, setSkipped] = useState(0);
  const latest = useRef({ fits, isHeld });
  latest.current = { fits, isHeld };
  const search = new URLSearchParams(query).toString();

  useEffect(() => {
    setLines([]);
    setWaiting([]);
    setSkipped(0);
    if (!isOn) return setState('off');
    const source = new EventSource(`/api/v1/live${search && `?${search}`}`);
    const put = (line: T) => (before: readonly T[]) =>
      before.some(({ id }) => id === line.id) ? before : [line, ...before].slice(0, mostLines);
    source.addEventListener('ready', () => setState('live'));
    source.addEventListener('record', ({ data }) => {
      const line = readEvent<T>(data);
      if (!latest.current.fits(line)) return;
      (latest.current.isHeld ? setWaiting : setLines)(put(line));
    });
    source.addEventListener('skipped', ({ data }) => {
      setSkipped((before) => before + (JSON.parse(data) as { lines: number }).lines);
    });
    source.addEventListener('over', () => {
      source.close();
      setState('over');
    });
    source.addEventListener('error', () => setState('away'));
    return () => source.close();
  }, [search, isOn]);

  useEffect(() => {
    if (isHeld || waiting.length === 0) return;
    setLines((before) => [...waiting, ...before].slice(0, mostLines));
    setWaiting([]);
  }, [isHeld, waiting]);

  return { state, lines, held: waiting.length, skipped };
}
