import { isObject, parseStrictObject } from '@credence/mcp/protocol';
import { z } from 'zod';
import type { StoredAuditRow } from '../store/store.ts';
import type { AuditRecord } from './record.ts';

/** A line of an export: a record with its place, a checkpoint behind the last line that it covers, or where the export starts. */
export type ExportedLine =
  | RecordLine
  | { readonly checkpoint: string }
  /** Of a record whose first lines are kept no more: how many, and the peaks of the tree over them. */
  | { readonly start: { readonly size: number; readonly peaks: readonly string[] } };

export interface RecordLine {
  /** The text that the chain commits to. */
  readonly body: string;
  /** The text beside it; absent when there is none, or none any more. */
  readonly personal: string | undefined;
  readonly personalHash: string | undefined;
  readonly chain: ChainPlace;
  /** Both together. */
  readonly record: AuditRecord;
}

type ChainPlace = Pick<StoredAuditRow, 'position' | 'node' | 'seq' | 'previousHash' | 'hash'>;

const place = z.strictObject({
  position: z.int().min(1),
  node: z.string(),
  seq: z.int().min(1),
  previousHash: z.string(),
  hash: z.string(),
});
/** What the chain commits to beside the text. */
const named = z.looseObject({ id: z.string(), kind: z.string(), timeMs: z.int() });
const start = z.strictObject({ size: z.int().min(1), peaks: z.array(z.string()) });

/**
 * The record as it is, what it says of people beside it (`null` once erased), and what proves its place: node, seq and the two
 * hashes. Whoever leaves out `personal` and `chain` has the very text that was hashed.
 */
export function toExportLine({ body, personal, position, node, seq, previousHash, hash }: StoredAuditRow): string {
  const record = JSON.parse(body) as { readonly personalHash?: string };
  const beside = record.personalHash !== undefined && {
    personal: personal === undefined ? null : JSON.parse(personal),
  };
  return toVisibleJson({ ...record, ...beside, chain: { position, node, seq, previousHash, hash } });
}

/** Takes a line apart; `undefined` when it is none. Nothing in it is verified. */
export function parseExportLine(text: string): ExportedLine | undefined {
  const value = parseLine(text);
  if (!value) return undefined;
  if ('checkpoint' in value) {
    const { checkpoint, ...rest } = value;
    return typeof checkpoint === 'string' && Object.keys(rest).length === 0 ? { checkpoint } : undefined;
  }
  if ('start' in value) {
    const parsed = start.safeParse(value.start);
    return parsed.success && Object.keys(value).length === 1 ? { start: parsed.data } : undefined;
  }
  const { chain, personal, ...shared } = value;
  const parsed = place.safeParse(chain);
  const { personalHash, ...record } = shared;
  if (!parsed.success || !named.safeParse(record).success) return undefined;
  if (!(personalHash === undefined || typeof personalHash === 'string')) return undefined;
  if ((personalHash === undefined) !== !('personal' in value)) return undefined;
  if (!(personal === undefined || personal === null || isObject(personal))) return undefined;
  const { salt: _, ...facts } = personal ?? {};
  return {
    body: JSON.stringify(shared),
    personal: personal ? JSON.stringify(personal) : undefined,
    personalHash,
    chain: parsed.data,
    record: { ...record, ...facts } as unknown as AuditRecord,
  };
}

/** A member that stands there twice would be read as one thing here and as another elsewhere; looked for only where it may be. */
function parseLine(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value)) return undefined;
    return toVisibleJson(value) === text ? value : parseStrictObject(text);
  } catch {
    return undefined;
  }
}

const invisible = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/** JSON in which every character can be seen, on one line, whatever somebody wrote into it (T32, LOG-05). */
export function toVisibleJson(value: unknown): string {
  return JSON.stringify(value).replace(invisible, (character) =>
    [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
