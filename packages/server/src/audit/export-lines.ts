import type { Checkpoint } from '../store/seals.ts';
import type { Store, StoredAuditRow } from '../store/store.ts';
import { toExportLine } from './export-line.ts';
import { readPeaks } from './merkle.ts';
import { storedSubtrees } from './stored-tree.ts';

/** A line of an export, and the row that it was made of. */
export interface Line {
  readonly text: string;
  readonly row?: StoredAuditRow | undefined;
}

const page = 1000;

/** A part of the record. */
export interface Range {
  /** It begins behind this line, or where the record begins that is kept; and in front of the last line that is sealed. */
  readonly behind?: number | undefined;
  /** It ends with the checkpoint that covers this line; where none does yet, or this is absent, with the newest line. */
  readonly to?: number | undefined;
}

/**
 * The record as it is now, oldest first: every line, and behind the last line that it covers every checkpoint. What is
 * written meanwhile comes without a checkpoint, at the end. Where it does not begin at the beginning, because retention has removed the
 * first lines or a part was asked for, its first line says what stands for those before in the tree.
 */
export async function* exportLines(
  store: Pick<Store, 'audit' | 'seals'>,
  { behind = 0, to }: Range = {},
): AsyncGenerator<Line> {
  const last = await store.seals.last();
  const [newest] = await store.audit.last(1);
  const closing = to === undefined ? undefined : await store.seals.covering(to);
  const end = closing?.size ?? newest?.position ?? 0;
  const sealed = Math.max(last?.number ?? 0, closing?.number ?? 0);
  let checkpoints: Checkpoint[] = [];
  let number = 0;
  let position = 0;

  async function nextCheckpoint(): Promise<Checkpoint | undefined> {
    if (checkpoints.length === 0 && number < sealed) checkpoints = [...(await store.seals.after(number, page))];
    const [next] = checkpoints;
    return next && next.number <= sealed ? next : undefined;
  }

  const [first] = await store.audit.read(0, 1);
  const begin = Math.max((first?.position ?? 1) - 1, Math.min(behind, Math.max(0, (last?.size ?? 0) - 1)));
  if (begin > 0) {
    position = begin;
    const peaks = await readPeaks(position, storedSubtrees(store.seals));
    const start = { size: position, peaks: peaks.map((hash) => Buffer.from(hash).toString('base64url')) };
    yield { text: JSON.stringify({ start }) };
    number = ((await store.seals.covering(position + 1))?.number ?? sealed + 1) - 1;
  }
  while (position < end) {
    const rows = await store.audit.read(position, Math.min(page, end - position));
    if (rows.length === 0) return;
    for (const row of rows) {
      yield { text: toExportLine(row), row };
      position = row.position;
      for (let next = await nextCheckpoint(); next && next.size <= position; next = await nextCheckpoint()) {
        yield { text: JSON.stringify({ checkpoint: next.statement }) };
        checkpoints.shift();
        number = next.number;
      }
    }
  }
}
