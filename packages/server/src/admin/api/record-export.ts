import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { toVisibleJson } from '../../audit/export-line.ts';
import { exportLines, type Range } from '../../audit/export-lines.ts';
import { proveRecord } from '../../audit/proof.ts';
import { RecordAltered } from '../../audit/stored-tree.ts';
import type { AuditRow, Store } from '../../store/store.ts';
import { recordParams } from './records.ts';
import { answer, type Route, refuse, route } from './route.ts';

/** Text that is sent in one go, and how often whoever reads is looked at. */
const [chunkLength, checkMs] = [64 * 1024, 2000];

const position = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional();

/** The record with what proves it, for whoever does not take our word for it. */
export const recordExportRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/record/lines',
    id: 'exportRecord',
    summary:
      'The record, or a part of it, with its chains and checkpoints, one JSON object a line: what credence audit verify reads. That it was asked for is on the record',
    permission: 'read:audit',
    stream: 'application/jsonl',
    query: z.strictObject({
      behind: position.describe(
        'Begin behind this line; the first line of the answer says what stands for those before.',
      ),
      to: position.describe('End with the checkpoint that covers this line.'),
    }),
    handle: async ({ query: { behind, to }, by, mayStill, row }, { store, live, nowMs }) => {
      const told = row('admin', { detail: `record exported${toWords({ behind, to })}` });
      const stream = live.open(by.person.id, (signal) =>
        toChunks({
          store,
          range: { behind, to },
          told,
          nowMs,
          goesOn: async () => !signal.aborted && (await mayStill()),
        }),
      );
      return stream ? answer(stream) : refuse('admin_too_fast', 'You have five exports and live streams: close one.');
    },
  }),
  route({
    method: 'GET',
    path: '/records/{id}/proof',
    id: 'proveRecord',
    summary:
      'A proof that a record is in the record, as the JSON that credence audit prove prints; null while it is not sealed',
    permission: 'read:audit',
    params: recordParams,
    answer: z.object({
      proof: z.string().nullable(),
      altered: z.string().nullable().describe('Why there can be none: the store is not what was sealed.'),
    }),
    handle: async ({ params: { id } }, { store }) => {
      const row = (await store.audit.find(id)) ?? (await store.audit.findByToken(id))[0];
      if (!row) return refuse('api_not_found');
      try {
        const proof = await proveRecord(row, store.seals);
        return answer({ proof: proof ? toVisibleJson(proof) : null, altered: null });
      } catch (fault) {
        if (!(fault instanceof RecordAltered)) throw fault;
        return answer({ proof: null, altered: fault.message });
      }
    },
  }),
];

interface Exporting {
  readonly store: Pick<Store, 'audit' | 'seals' | 'commit'>;
  readonly range: Range;
  /** The line that tells of it: written before the first byte leaves. */
  readonly told: AuditRow;
  readonly nowMs: () => number;
  /** Whether whoever asked still reads, and still may. */
  readonly goesOn: () => Promise<boolean>;
}

async function* toChunks({ store, range, told, nowMs, goesOn }: Exporting): AsyncGenerator<string> {
  await store.commit({ marks: [], records: [told] });
  let text = '';
  let checkedMs = nowMs();
  for await (const line of exportLines(store, range)) {
    text += `${line.text}\n`;
    if (text.length < chunkLength) continue;
    yield text;
    text = '';
    await setImmediate(); // whoever waits for a token comes first
    if (Math.abs(nowMs() - checkedMs) < checkMs) continue;
    checkedMs = nowMs();
    // An export that breaks off must not look like a whole one.
    if (!(await goesOn())) throw new Error('the export was cut short');
  }
  if (text !== '') yield text;
}

function toWords({ behind, to }: Range): string {
  return `${behind === undefined ? '' : `, behind line ${behind}`}${to === undefined ? '' : `, up to line ${to}`}`;
}
