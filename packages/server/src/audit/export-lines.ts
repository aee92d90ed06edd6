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

/**
 * The whole record as it is now, oldest first: every line, and behind the last line that it covers every checkpoint. What is
 * written meanwhile comes without a checkpoint, at the end. Where retention has removed the first lines, it begins with what
 * stands for them in the tree.
 */
export async function* exportLines(store: Pick<Store, 'audit' | 'seals'>): AsyncGenerator<Line> {
  const [newest] = await store.audit.last(1);
  const end = newest?.position ?? 0;
  const sealed = (await store.seals.last())?.number ?? 0;
  let checkpoints: Checkpoint[] = [];
  let number = 0;
  let position = 0;

  async function nextCheckpoint(): Promise<Checkpoint | undefined> {
    if (checkpoints.length === 0 && number < sealed) checkpoints = [...(await store.seals.after(number, page))];
    const [next] = checkpoints;
    return next && next.number <= sealed ? next : undefined;
  }

  const [first] = await store.audit.read(0, 1);
  if (first && first.position > 1) {
    position = first.position - 1;
    const peaks = await readPeaks(position, storedSubtrees(store.seals));
    const start = { size: position, peaks: peaks.map((hash) => Buffer.from(hash).toString('base64url')) };
    yield { text: JSON.stringify({ start }) };
    number = ((await store.seals.covering(first.position))?.number ?? 1) - 1;
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
