import { type EpochSeconds, type JsonObject, no, ok, type Result } from '@credence/mcp/protocol';
import type { AuditRow, Person, Store } from '../../store/store.ts';
import { type UpsertOptions, upsertPerson } from '../upsert-person.ts';
import { findClaim, mapClaims } from './mapping.ts';
import type { Provisioning, Upstream } from './settings.ts';

/** Who somebody is at an upstream: verified, and the only thing that finds a record here. */
export interface UpstreamIdentity {
  readonly upstream: Upstream;
  readonly subject: string;
  readonly claims: JsonObject;
}

export interface LinkOptions {
  readonly store: Store;
  readonly now: EpochSeconds;
  /** A person id for somebody new. */
  readonly newId: () => string;
  /** The lines of the record for a change of the directory; of a link, `change` is `linked`. */
  readonly records: (
    change: Parameters<UpsertOptions['records']>[0] | 'linked',
    personId: string,
    attributes: readonly string[],
  ) => AuditRow[];
}

/**
 * The person behind an identity, as the record stands after this sign-in. Issuer and subject find them, and an e-mail
 * address finds nobody (RAS-24, PRV-04). What the claims say is read and written only where this upstream owns the record.
 */
export async function findOrLink(identity: UpstreamIdentity, options: LinkOptions): Promise<Result<Person>> {
  const linked = await findLinked(identity, options);
  if (linked) return admit(linked);
  const { provisionedBy } = identity.upstream;
  return provisionedBy ? linkProvisioned(identity, provisionedBy, options) : upsert(identity, options);
}

/** Switched off here is off, whatever the upstream says. */
function admit(person: Person): Result<Person> {
  return person.active ? ok(person) : no('person_inactive');
}

async function findLinked({ upstream, subject }: UpstreamIdentity, { store }: LinkOptions) {
  const link = await store.upstream.findLink(upstream.issuer, subject);
  return link && store.people.find(link.personId);
}

async function upsert({ upstream, subject, claims }: UpstreamIdentity, options: LinkOptions): Promise<Result<Person>> {
  const mapped = mapClaims(claims, upstream.mapping);
  if (!mapped.ok) return mapped;
  const said = { ...mapped.value, source: sourceOf(upstream), handle: toHandle(upstream.issuer, subject) };
  const { now, newId, records } = options;
  const upserted = await upsertPerson(options.store, said, {
    create: upstream.create,
    nowMs: now * 1000,
    newId,
    records,
  });
  if (upserted.outcome === 'unknown') return no('upstream_person_unknown');
  return upserted.outcome === 'email_taken' ? no('upstream_email_taken') : admit(upserted.person);
}

async function linkProvisioned(
  { upstream, subject, claims }: UpstreamIdentity,
  { source, match, paths }: Provisioning,
  { store, now, records }: LinkOptions,
): Promise<Result<Person>> {
  const value = findClaim(claims, paths);
  if (typeof value !== 'string' || value === '') return no('upstream_no_user');
  const { provisioned } = store.directory;
  const found =
    match === 'external_id'
      ? await provisioned.findByExternalId(source, value)
      : await findByUserName(provisioned, source, value);
  const person = found && (await store.people.find(found.id));
  if (!person) return no('upstream_person_unknown');
  if (!person.active) return no('person_inactive');
  // One record, one identity: a second that claims the same external id has to be looked at by somebody.
  const link = { issuer: upstream.issuer, subject, upstream: upstream.name, personId: person.id, linkedAt: now };
  if (await store.upstream.linkFirst(link, records('linked', person.id, []))) return ok(person);
  // The same person in two tabs at once: then it is linked.
  const known = await store.upstream.findLink(upstream.issuer, subject);
  return known?.personId === person.id ? ok(person) : no('upstream_record_taken');
}

/**
 * Case plays no part in a user name (RFC 7643 §4.1.1). The signs for ohm, kelvin and angstrom become letters when it is ignored,
 * and whoever could have such a name at the upstream would be found as somebody else (T11).
 */
function findByUserName(provisioned: Store['directory']['provisioned'], source: string, name: string) {
  return /[\u2126\u212a\u212b]/.test(name) ? undefined : provisioned.findByHandle(source, name.toLowerCase());
}

/** Issuer and subject together: a name that is given to another issuer one day finds nobody of the old one. */
export function toHandle(issuer: string, subject: string): string {
  return `${issuer} ${subject}`;
}

export function sourceOf({ name }: Pick<Upstream, 'name'>): `upstream:${string}` {
  return `upstream:${name}`;
}
