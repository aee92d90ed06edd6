import { hash } from 'node:crypto';
import { type Marks, speakerOf, toLineage, toMarks } from '@credence/mcp/protocol';
import type { TrustedIssuer, TrustedTenants } from '../policy/model.ts';

/** Marks of a trusted issuer and of a key of it, worked out once for each version of its entry. */
export function marksOf(trusted: TrustedIssuer, kid: string): Descended {
  const known = remembered.get(trusted) ?? new Map<string, Descended>();
  if (known.size === 0) remembered.set(trusted, known);
  const found = known.get(kid);
  if (found) return found;
  const marks = toMarks({ issuer: trusted.issuer, tenant: trusted.tenant, kid }, digest);
  const made = { marks, lineage: toLineage(marks) };
  // An issuer publishes a handful of keys; one that publishes a new one for each request is not remembered for ever.
  if (known.size >= maxKeys) known.clear();
  known.set(kid, made);
  return made;
}

/**
 * Who of those that are trusted spoke for a token: an issuer, or a tenant of one. `undefined` where whoever it was is trusted no longer,
 * and for a token that does not say.
 */
export function speakerBehind(
  lineage: string | undefined,
  trust: ReadonlyMap<string, TrustedTenants>,
): TrustedIssuer | undefined {
  return lineage === undefined ? undefined : speakersOf(trust).get(speakerOf(lineage));
}

/** Those of one version of the document, worked out once. */
function speakersOf(trust: ReadonlyMap<string, TrustedTenants>): ReadonlyMap<string, TrustedIssuer> {
  const known = speakers.get(trust);
  if (known) return known;
  const all = [...trust.values()].flatMap((tenants) => [...tenants.values()]);
  const made = new Map(all.map((each) => [speakerOf(marksOf(each, '').lineage), each]));
  speakers.set(trust, made);
  return made;
}

/** The mark that a stop names an issuer by, or a tenant of it. */
export function issuerMark(issuer: string, tenant?: string): string {
  const marks = toMarks({ issuer, tenant, kid: '' }, digest);
  return marks.tenant ?? marks.issuer;
}

/** The mark that a stop names a signing key by. */
export function keyMark(issuer: string, kid: string): string {
  return toMarks({ issuer, tenant: undefined, kid }, digest).key;
}

export interface Descended {
  readonly marks: Marks;
  readonly lineage: string;
}

const maxKeys = 100;
const speakers = new WeakMap<ReadonlyMap<string, TrustedTenants>, ReadonlyMap<string, TrustedIssuer>>();
const remembered = new WeakMap<TrustedIssuer, Map<string, Descended>>();

function digest(text: string): string {
  return hash('sha256', text, 'base64url');
}
