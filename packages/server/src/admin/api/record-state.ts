import { parseJws } from '@credence/mcp/protocol';
import { z } from 'zod';
import { unwitnessedSince } from '../../audit/witness.ts';
import type { Checkpoint } from '../../store/seals.ts';
import { fromCursor, pageOf, pageQuery } from './page.ts';
import { answer, type Route, route } from './route.ts';
import type { AdminServices } from './services.ts';

const CheckpointShape = z.object({
  number: z.int(),
  size: z.int().describe('Lines that it covers, from the first one on.'),
  lines: z.int().describe('Of these, how many the one before did not.'),
  root: z.string(),
  timeMs: z.int(),
  kid: z.string(),
  algorithm: z.string(),
  pruned: z.int().describe('Up to here lines may be gone by order.'),
  witnessed: z.boolean().describe('Whether somebody outside has it, or one after it.'),
  statement: z.string().describe('What was signed.'),
});

const RecordState = z.object({
  first: z.int().describe('Position of the first line that is kept; 0 = there is none.'),
  last: z.int(),
  checkpoint: CheckpointShape.nullable().describe('The last one.'),
  unsealed: z.int().describe('Lines that no checkpoint covers yet.'),
  unsealedSinceMs: z.int().nullable(),
  witnesses: z.array(
    z.object({
      kind: z.enum(['file', 'url']),
      at: z.string(),
      number: z.int().nullable().describe('The last checkpoint that it has.'),
      timeMs: z.int().nullable(),
    }),
  ),
  unwitnessedSinceMs: z
    .int()
    .nullable()
    .describe('Since when a witness, or where there is none anybody, lacks something.'),
  pruned: z
    .object({ lines: z.int(), timeMs: z.int(), lastMs: z.int().describe('When the last of them was written.') })
    .nullable(),
  keptDays: z.int().nullable().describe('null = for ever.'),
  chains: z.object({
    count: z.int().describe('One for each run of a node or a command.'),
    longest: z.array(z.object({ node: z.string(), lines: z.int() })),
  }),
  keys: z
    .array(z.looseObject({ kty: z.string() }))
    .describe('Public keys that sign checkpoints: compare them with those you were given before you believe them.'),
});

/** What keeps the record from being bent: what is sealed, by which key, who outside knows of it, what is gone. */
export const recordStateRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/record',
    id: 'getRecordState',
    summary:
      'How much of the record is sealed and witnessed, what is kept no more, and the keys that checkpoints are verified with',
    permission: 'read:audit',
    answer: RecordState,
    handle: async (_, services) => answer(await readState(services)),
  }),
  route({
    method: 'GET',
    path: '/checkpoints',
    id: 'listCheckpoints',
    summary: 'Checkpoints of the record, the newest first',
    permission: 'read:audit',
    query: z.strictObject(pageQuery),
    answer: pageOf(CheckpointShape),
    handle: async ({ query: { limit, cursor } }, services) => {
      const { seals } = services.store;
      const last = await seals.last();
      const named = fromCursor(cursor);
      const before = Math.min(
        /^\d{1,15}$/.test(named) ? Number(named) : Number.MAX_SAFE_INTEGER,
        (last?.number ?? 0) + 1,
      );
      // One more than is shown: how many lines a checkpoint added is told by the one before it.
      const found = await seals.after(Math.max(0, before - limit - 2), limit + 1);
      const rows = found.filter(({ number }) => number < before).reverse();
      const toShape = await shapesOf(services);
      const items = rows.slice(0, limit).map((row, at) => toShape(row, rows[at + 1]));
      const oldest = items.at(-1)?.number ?? 1;
      return answer({ items, next: oldest > 1 ? Buffer.from(String(oldest)).toString('base64url') : null });
    },
  }),
];

/** The chains that are named. */
const namedChains = 20;

async function readState(services: AdminServices): Promise<z.output<typeof RecordState>> {
  const { store, record } = services;
  const [[first], [last], checkpoint, pruned, known, since, chains, keys] = await Promise.all([
    store.audit.read(0, 1),
    store.audit.last(1),
    store.seals.last(),
    store.retention.last(),
    store.seals.witnessed(),
    unwitnessedSince(store.seals, record.witnesses),
    store.seals.chains(namedChains),
    record.keys(),
  ]);
  const sealed = checkpoint?.size ?? 0;
  const [before] = checkpoint ? await store.seals.after(checkpoint.number - 2, 1) : [];
  const [unsealed] = await store.audit.read(sealed, 1);
  const toShape = await shapesOf(services);
  return {
    first: first?.position ?? 0,
    last: last?.position ?? 0,
    checkpoint: checkpoint ? toShape(checkpoint, before) : null,
    unsealed: Math.max(0, (last?.position ?? 0) - sealed),
    unsealedSinceMs: unsealed?.timeMs ?? null,
    witnesses: record.witnesses.map((name) => {
      const { number = null, timeMs = null } = known.get(name) ?? {};
      return { ...toPlace(name), number, timeMs };
    }),
    unwitnessedSinceMs: since ?? null,
    pruned: pruned ? { lines: pruned.position, timeMs: pruned.timeMs, lastMs: pruned.lastMs } : null,
    keptDays: record.keptDays ?? null,
    chains: { count: chains.count, longest: [...chains.longest] },
    keys: keys.map((key) => ({ ...key })),
  };
}

/** Of an address only where it is: what stands behind `?` may be a secret. */
function toPlace(name: string): { kind: 'file' | 'url'; at: string } {
  const isFile = name.startsWith('file ');
  const at = name.slice(isFile ? 5 : 4);
  if (isFile) return { kind: 'file', at };
  const { origin, pathname } = new URL(at);
  return { kind: 'url', at: `${origin}${pathname}` };
}

/** How a checkpoint is told. Nothing of it is verified here: whoever asks does that. */
async function shapesOf({ store: { seals } }: AdminServices) {
  const kept = [...(await seals.witnessed()).values()].map(({ number }) => number);
  return (one: Checkpoint, before: Checkpoint | undefined): z.output<typeof CheckpointShape> => {
    const { header, claims } = parseJws(one.statement) ?? { header: {}, claims: {} };
    const { kid, alg } = header as { kid?: unknown; alg?: unknown };
    const { pruned } = claims as { pruned?: unknown };
    return {
      ...one,
      lines: one.size - (before && before.number < one.number ? before.size : 0),
      kid: typeof kid === 'string' ? kid : '',
      algorithm: typeof alg === 'string' ? alg : '',
      pruned: typeof pruned === 'number' ? pruned : 0,
      witnessed: kept.some((number) => number >= one.number),
    };
  };
}
