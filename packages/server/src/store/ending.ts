import {
  type AliasableExpression,
  type Compilable,
  type Expression,
  type ExpressionBuilder,
  type Kysely,
  type RawBuilder,
  type SqlBool,
  sql,
} from 'kysely';
import { currentSeconds } from './artifacts.ts';
import { countChange } from './engine.ts';
import type { BulletinEvent, Initiator } from './off.ts';
import type { Schema } from './schema.ts';

// The one place where sessions, grants and memberships of people end and accounts are switched off. Whatever ends here leaves
// a bulletin for the authorization servers in the same step; spec/off.test.ts sees to it that nothing ends elsewhere.

/** Every session, code and refresh token of a person, and what was issued to them elsewhere. */
export function endEverythingOf(db: Kysely<Schema>, personId: string, initiator: Initiator): Compilable[] {
  return [removeEverythingOf(db, personId), ...tell(db, personId, 'session-revoked', initiator)];
}

/** Every session, code, link and refresh token of everybody, as at the end of an epoch (T21). */
export function endEverything(db: Kysely<Schema>): Compilable[] {
  const active = db.selectFrom('people').select('id as person_id').where('active', '=', 1);
  return [
    db.deleteFrom('artifacts'),
    db.deleteFrom('upstream_sessions'),
    db.deleteFrom('account_links'),
    db.deleteFrom('once_codes'),
    db.deleteFrom('admin_sessions'),
    ...tellAll(db, active, { event: 'session-revoked', initiator: 'admin', at: now() }),
  ];
}

/** A part of it that nobody has to wait for; {@link endEverything} follows, and tells. */
export function endSome(db: Kysely<Schema>): Compilable {
  const some = db.selectFrom('artifacts').select(['model', 'id']).limit(1000).$asTuple('model', 'id');
  return db.deleteFrom('artifacts').where(({ eb, refTuple }) => eb(refTuple('model', 'id'), 'in', some));
}

/** A person who is no more, or blocked whatever their source says. */
export function switchOff(db: Kysely<Schema>, personId: string, initiator: Initiator): Compilable[] {
  return [removeEverythingOf(db, personId), ...tell(db, personId, 'account-disabled', initiator)];
}

/** To be done after `people` says that the account is on again; if it does not, nobody is told. */
export function switchOnIfActive(db: Kysely<Schema>, personId: string, initiator: Initiator): Compilable[] {
  return tellIfActive(db, personId, 1, 'account-enabled', initiator);
}

/** A stop of a person is over: they may sign in again, if nothing else says no. To be done after `stops` says so. */
export function resumePerson(db: Kysely<Schema>, stopId: string): Compilable[] {
  const person = db
    .selectFrom('stops')
    .innerJoin('people', 'people.id', 'stops.person_id')
    .select('people.id as person_id')
    .where('stops.id', '=', stopId)
    .where('people.active', '=', 1)
    .where(notStopped);
  // Later than whatever was last said of anybody: who hears both must know which counts.
  const at = sql<number>`(SELECT max(at) FROM (
    SELECT ${now()} AS at
    UNION ALL SELECT max(bulletins.at) + 1 FROM bulletins JOIN stops ON bulletins.person_id = stops.person_id
      WHERE stops.id = ${stopId} AND event <> 'session-revoked'
  ) AS times)`;
  return tellAll(db, person, { event: 'account-enabled', initiator: 'admin', at });
}

/**
 * Refresh tokens, codes and grants of one client, or of all. Browser sessions stay: people may look at what is going on. For
 * an authorization server that knows nothing of stops, whoever had any is told of as signed out.
 */
export function stopAgents(db: Kysely<Schema>, stopId: string, client: string | undefined): Compilable[] {
  const theirs = (eb: ExpressionBuilder<Schema, 'artifacts'>) => {
    const isAgents = eb('model', 'in', agentModels);
    if (client === undefined) return isAgents;
    // `clientId` as JSON.stringify writes it: quotes within the id are escaped, so that nothing else reads like it.
    const member = JSON.stringify({ clientId: client }).slice(1, -1);
    return eb.and([isAgents, sql<SqlBool>`replace(payload, ${member}, '') <> payload`]);
  };
  const owners = db
    .selectFrom('artifacts')
    .select((eb) => eb.ref('account_id').$notNull().as('person_id'))
    .distinct()
    .where(theirs)
    .where('account_id', 'is not', null);
  return [
    ...tellAll(db, owners, { event: 'session-revoked', initiator: 'admin', at: now(), stopId }),
    db.deleteFrom('artifacts').where(theirs),
  ];
}

/**
 * Whoever rules call so, of those who hold a session or grant here, is told of as signed out to authorization servers that know
 * nothing of stops.
 */
export function tellOfMembers(db: Kysely<Schema>, stopId: string, subjects: readonly string[]): Compilable[] {
  const people = db
    .selectFrom('artifacts')
    .select((eb) => eb.ref('account_id').$notNull().as('person_id'))
    .distinct()
    .where('account_id', 'is not', null);
  const named = people.where(({ exists, selectFrom, or, eb }) =>
    or([
      eb(sql<string>`'user:' || account_id`, 'in', subjects),
      exists(
        selectFrom('memberships')
          .select('person_id')
          .whereRef('person_id', '=', 'account_id')
          .where(sql<string>`kind || ':' || of_id`, 'in', subjects),
      ),
    ]),
  );
  const whom = subjects.includes('everyone') ? people : named;
  return subjects.length === 0
    ? []
    : tellAll(db, whom, { event: 'session-revoked', initiator: 'policy', at: now(), stopId });
}

/** What an agent holds of `oidc-provider`, whatever browser session it came from. */
const agentModels = [
  'AuthorizationCode',
  'RefreshToken',
  'AccessToken',
  'Grant',
  'DeviceCode',
  'PushedAuthorizationRequest',
];

/** No stop of this person stands. */
function notStopped(eb: ExpressionBuilder<Schema, 'people'>) {
  const standing = eb
    .selectFrom('stops as standing')
    .select('standing.id')
    .whereRef('standing.person_id', '=', 'people.id')
    .where('standing.lifted_at', 'is', null);
  return eb.not(eb.exists(standing));
}

/** The account becomes active or not. To be done before `people` says so: of whoever is that already nobody is told again. */
export function switchTo(
  db: Kysely<Schema>,
  personId: string,
  active: boolean,
  initiator: Initiator,
): readonly Compilable[] {
  if (active) return tellIfActive(db, personId, 0, 'account-enabled', initiator);
  return [removeEverythingOf(db, personId), ...tellIfActive(db, personId, 1, 'account-disabled', initiator)];
}

/** Whose grants, which, and on whose account. */
interface GrantsOfPerson {
  readonly personId: string | null;
  readonly grants: readonly string[];
  readonly initiator: Initiator;
}

/** One session of a person, with the grants made in it. The first step removes the session: it can be a condition. */
export function endSession(db: Kysely<Schema>, uid: string, its: GrantsOfPerson): Compilable[] {
  const remove = db.deleteFrom('artifacts').where('model', '=', 'Session').where('uid', '=', uid);
  return [remove, ...endGrants(db, its)];
}

/** Grants of a person, with what hangs on them. */
export function endGrants(db: Kysely<Schema>, { personId, grants, initiator }: GrantsOfPerson): Compilable[] {
  const told = personId === null ? [] : tell(db, personId, 'session-revoked', initiator);
  if (grants.length === 0) return told;
  return [
    db.deleteFrom('artifacts').where('model', '=', 'Grant').where('id', 'in', grants),
    db.deleteFrom('artifacts').where('grant_id', 'in', grants),
    ...told,
  ];
}

/** What hangs on one grant. Where that is nothing, nobody is told. */
export function endGrant(db: Kysely<Schema>, grantId: string, initiator: Initiator): Compilable[] {
  const owners = db
    .selectFrom('artifacts')
    .select((eb) => eb.ref('account_id').$notNull().as('person_id'))
    .distinct()
    .where('grant_id', '=', grantId)
    .where('account_id', 'is not', null);
  return [
    ...tellAll(db, owners, { event: 'session-revoked', initiator, at: now() }),
    db.deleteFrom('artifacts').where('grant_id', '=', grantId),
  ];
}

/** People leave groups and roles: these memberships go. */
export function leave(
  db: Kysely<Schema>,
  which: (memberships: ExpressionBuilder<Schema, 'memberships'>) => Expression<SqlBool>,
): Compilable[] {
  const leavers = db
    .selectFrom('memberships')
    .select(['person_id', sql<string>`kind || ':' || of_id`.as('membership')])
    .where(which);
  const fact = { event: 'session-revoked', initiator: 'policy', at: now() } as const;
  return [
    ...tellAll(db, leavers, { ...fact, membership: sql<string>`who.membership` }),
    db.deleteFrom('memberships').where(which),
  ];
}

/** Memberships in anything but these. Of few lengths, so that there are few texts of statements. */
export function notIn(
  eb: ExpressionBuilder<Schema, 'memberships'>,
  ids: readonly string[],
): readonly Expression<SqlBool>[] {
  const last = ids.at(-1);
  if (last === undefined) return [];
  const length = [1, 10, 100, 1000].find((each) => each >= ids.length) ?? ids.length;
  return [eb('of_id', 'not in', [...ids, ...Array<string>(length - ids.length).fill(last)])];
}

function removeEverythingOf(db: Kysely<Schema>, personId: string): Compilable {
  return db.deleteFrom('artifacts').where('account_id', '=', personId);
}

/** Tells of one person, whoever they are. */
function tell(db: Kysely<Schema>, personId: string, event: BulletinEvent, initiator: Initiator): Compilable[] {
  const at = event === 'session-revoked' ? now() : nextTime(personId);
  const row = { person_id: personId, event, membership: null, initiator, at };
  return [countChange(db), db.insertInto('bulletins').values(row)];
}

function tellIfActive(
  db: Kysely<Schema>,
  personId: string,
  active: 0 | 1,
  event: BulletinEvent,
  initiator: Initiator,
): Compilable[] {
  const person = db
    .selectFrom('people')
    .select('id as person_id')
    .where('id', '=', personId)
    .where('active', '=', active);
  // Whoever is stopped stays so: the end of the stop will say that they are on.
  const about = event === 'account-enabled' ? person.where(notStopped) : person;
  return tellAll(db, about, { event, initiator, at: nextTime(personId) });
}

interface Fact {
  readonly event: BulletinEvent;
  readonly initiator: Initiator;
  readonly at: RawBuilder<number>;
  readonly membership?: RawBuilder<string>;
  /** The stop because of which it is told. */
  readonly stopId?: string;
}

/** Tells of everybody that a query finds. Counted first: who waits for its turn to count has the later position, too. */
function tellAll(
  db: Kysely<Schema>,
  people: AliasableExpression<{ person_id: string }>,
  { event, initiator, at, membership, stopId }: Fact,
): Compilable[] {
  const bulletins = db
    .selectFrom(people.as('who'))
    .select([
      'who.person_id',
      sql<BulletinEvent>`cast(${event} as text)`.as('event'),
      (membership ?? sql<string | null>`cast(null as text)`).as('membership'),
      sql<Initiator>`cast(${initiator} as text)`.as('initiator'),
      at.as('at'),
      sql<string | null>`cast(${stopId ?? null} as text)`.as('stop_id'),
    ]);
  const columns = ['person_id', 'event', 'membership', 'initiator', 'at', 'stop_id'] as const;
  return [countChange(db), db.insertInto('bulletins').columns(columns).expression(bulletins)];
}

function now() {
  return sql<number>`cast(${currentSeconds()} as bigint)`;
}

/** Now, but later than whatever was last said of the account: who hears both must know which counts. */
function nextTime(personId: string) {
  return sql<number>`(SELECT max(at) FROM (
    SELECT ${now()} AS at
    UNION ALL SELECT max(at) + 1 FROM bulletins WHERE person_id = ${personId} AND event <> 'session-revoked'
  ) AS times)`;
}
