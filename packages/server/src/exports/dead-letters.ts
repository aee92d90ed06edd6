import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Line } from './destination.ts';

/** Keeps what a destination will not take: nothing that was recorded goes missing on its way. */
export interface DeadLetters {
  readonly path: string;
  /** Resolves when it is on the disk. */
  keep(line: Line, why: string, nowMs: number): Promise<void>;
}

/** A file of JSON lines, each with what was sent, why it was not taken, and where the record is. */
export function openDeadLetters(path: string): DeadLetters {
  return {
    path,
    async keep({ row, text }, why, nowMs) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const file = await open(path, 'a', 0o600);
      try {
        const { id, position, node, seq } = row;
        await file.appendFile(
          `${JSON.stringify({ at: new Date(nowMs).toISOString(), why, id, position, node, seq, text })}\n`,
        );
        await file.datasync();
      } finally {
        await file.close();
      }
    },
  };
}
