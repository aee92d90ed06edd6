import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { isSomebodyThere } from '../session/idle.ts';
import { watchSignIn } from '../session/sign-in.ts';
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
 * How long until a stream that was refused is asked for again: longer each time, up to a minute and a half, and not for all pages in the
 * same moment.
 * @param chance - from 0 to 1
 */
export function againMs(failures: number, chance: number): number {
  return Math.min(2000 * 2 ** failures, 60_000) * (1 + chance / 2);
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
  const queries = useQueryClient();
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
    const put = (line: T) => (before: readonly T[]) =>
      before.some(({ id }) => id === line.id) ? before : [line, ...before].slice(0, mostLines);
    let source: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;

    function open(): void {
      clearTimeout(timer);
      source?.close();
      const isAgain = source !== undefined;
      const opened = new EventSource(`/api/v1/live${search && `?${search}`}`);
      source = opened;
      opened.addEventListener('ready', () => {
        failures = 0;
        setState('live');
        // A new stream begins with what is written from now on: what was written meanwhile is looked for.
        if (isAgain) void queries.invalidateQueries({ queryKey: ['listRecords'] });
      });
      opened.addEventListener('record', ({ data }) => {
        const line = readEvent<T>(data);
        if (!latest.current.fits(line)) return;
        (latest.current.isHeld ? setWaiting : setLines)(put(line));
      });
      opened.addEventListener('skipped', ({ data }) => {
        setSkipped((before) => before + (JSON.parse(data) as { lines: number }).lines);
      });
      opened.addEventListener('over', () => {
        opened.close();
        setState('over');
      });
      opened.addEventListener('error', () => {
        setState('away');
        // The browser comes again by itself where nobody answered, and never after an answer that is no stream.
        if (opened.readyState === EventSource.CLOSED) later();
      });
    }

    function later(): void {
      timer = setTimeout(() => (isSomebodyThere(Date.now()) ? open() : later()), againMs(failures, Math.random()));
      failures += 1;
    }

    open();
    // What was over has a session to stand on again.
    const unwatch = watchSignIn(() => {
      if (source?.readyState === EventSource.CLOSED) open();
    });
    return () => {
      unwatch();
      clearTimeout(timer);
      source?.close();
    };
  }, [search, isOn, queries]);

  useEffect(() => {
    if (isHeld || waiting.length === 0) return;
    setLines((before) => [...waiting, ...before].slice(0, mostLines));
    setWaiting([]);
  }, [isHeld, waiting]);

  return { state, lines, held: waiting.length, skipped };
}
