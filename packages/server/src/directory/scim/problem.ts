import type { Refusal } from '@credence/mcp/protocol';

/** What cannot be done, and why, in words for the provisioning client. They never hold a value of somebody else's record. */
export interface ScimProblem {
  readonly refusal: Refusal;
  readonly detail: string;
  /** Whom it is about, for the record only. */
  readonly person?: string;
}

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: ScimProblem };

export function done<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function cannot(refusal: Refusal, detail: string): { readonly ok: false; readonly problem: ScimProblem } {
  return { ok: false, problem: { refusal, detail } };
}
