import type { Refusal } from './refusals.ts';

/** A refused request is a value, a broken world is an exception: rules return this, and never throw for bad input. */
export type Result<T> = { ok: true; value: T } | { ok: false; refusal: Refusal };

export function ok<T>(value: T): { ok: true; value: T } {
  return { ok: true, value };
}

export function no(refusal: Refusal): { ok: false; refusal: Refusal } {
  return { ok: false, refusal };
}
