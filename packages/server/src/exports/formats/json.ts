import type { Exported } from './exported.ts';
import { toVisibleJson } from './visible.ts';

/** The record as it is with its place in the chain, on one line. Everything else can be worked out from it. */
export function toJson(record: Exported): string {
  return toVisibleJson(record);
}
