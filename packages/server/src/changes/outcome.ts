import type { Refusal } from '@credence/mcp/protocol';

/** What became of a step of a change. Whoever hears why not has proven who they are, so it may say more than its row does. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | Refused;

export interface Refused {
  readonly ok: false;
  readonly refusal: Refusal;
  readonly detail?: string;
  readonly errors?: readonly { readonly at: string; readonly problem: string }[];
  /** Of a conflict: what there is now, as far as the caller may see it. */
  readonly current?: unknown;
}

export function done<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function refused(refusal: Refusal, more: Omit<Refused, 'ok' | 'refusal'> = {}): Refused {
  return { ok: false, refusal, ...more };
}
