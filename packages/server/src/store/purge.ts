import type { EpochSeconds } from '@credence/mcp/protocol';
import type { Engine } from './engine.ts';
import { bulletinSeconds } from './off.ts';
import { sweep } from './sweep.ts';

/** Rows removed in one transaction; requests that wait for it are held up by milliseconds only. */
const chunk = 2000;
const day = 86_400;

/** Removes marks and cut-offs that concern nothing any more, artifacts that have expired and bulletins that are done with, a little at a time. */
export async function purge(engine: Engine, now: EpochSeconds): Promise<void> {
  const { db, write } = engine;
  const oldMarks = db.selectFrom('marks').select(['kind', 'id']).where('until', '<', now).limit(chunk);
  const oldArtifacts = db.selectFrom('artifacts').select(['model', 'id']).where('expires_at', '<=', now).limit(chunk);
  const oldSessions = db.selectFrom('upstream_sessions').select('session_uid').where('expires_at', '<=', now);
  // Kept for a while, so that whoever made one sees what became of it.
  const oldLinks = db.deleteFrom('account_links').where('expires_at', '<=', now - 30 * day);
  const oldHours = db.deleteFrom('audit_hours').where('hour', '<=', Math.floor(now / 3600) - 400 * 24);
  const oldApiTokens = db.deleteFrom('api_tokens').where('expires_at', '<=', now - 30 * day);
  // What was never answered goes as well: whoever still needs it is refused again, and asks again.
  const oldRequests = db
    .deleteFrom('access_requests')
    .where(({ or, eb }) =>
      or([
        eb('answered_at', '<=', now - 90 * day),
        eb.and([eb('state', '=', 'open'), eb('asked_at', '<=', now - 90 * day)]),
      ]),
    );
  const oldAdminSessions = db.deleteFrom('admin_sessions').where('seen_at', '<=', now - day);
  await write({ steps: [oldLinks, oldHours, oldApiTokens, oldRequests, oldAdminSessions] });
  // Who was ever disabled stays: a signal that comes late, or again, must find that it is late.
  const oldCutOffs = db
    .selectFrom('cut_offs')
    .select(['issuer', 'tenant', 'subject'])
    .where('until', '<', now)
    .where('disabled_at', '=', 0)
    .where('enabled_at', '=', 0)
    .limit(chunk);
  const oldTokens = db.selectFrom('revoked_tokens').select('id').where('until', '<', now).limit(chunk);
  const slowest = db.selectFrom('bulletin_readers').select(({ fn }) => fn.min('position').as('position'));
  const oldBulletins = db
    .selectFrom('bulletins')
    .select('position')
    .where('at', '<', now - bulletinSeconds)
    .where(({ or, eb, exists, not, selectFrom }) =>
      or([
        eb('event', '=', 'session-revoked'),
        eb('position', '<=', slowest),
        not(exists(selectFrom('bulletin_readers').select('reader'))),
      ]),
    )
    .limit(chunk);
  const oldHoldings = db
    .selectFrom('session_holdings')
    .select('session')
    .where('until', '<', now)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('session_sids').select('sid').whereRef('sid', '=', 'session_holdings.session'))),
    )
    .limit(chunk);
  const removals = [
    db.deleteFrom('session_holdings').where('session', 'in', oldHoldings),
    db.deleteFrom('bulletins').where('position', 'in', oldBulletins),
    db.deleteFrom('revoked_tokens').where('id', 'in', oldTokens),
    db
      .deleteFrom('cut_offs')
      .where(({ eb, refTuple }) =>
        eb(refTuple('issuer', 'tenant', 'subject'), 'in', oldCutOffs.$asTuple('issuer', 'tenant', 'subject')),
      ),
    db.deleteFrom('upstream_sessions').where('session_uid', 'in', oldSessions.limit(chunk)),
    db
      .deleteFrom('marks')
      .where(({ eb, refTuple }) => eb(refTuple('kind', 'id'), 'in', oldMarks.$asTuple('kind', 'id'))),
    db
      .deleteFrom('artifacts')
      .where(({ eb, refTuple }) => eb(refTuple('model', 'id'), 'in', oldArtifacts.$asTuple('model', 'id'))),
  ];
  for (const removal of removals) {
    let removed: number | undefined;
    do [removed] = await write({ steps: [removal] });
    while (removed === chunk);
  }
  await sweep(engine, now);
}
