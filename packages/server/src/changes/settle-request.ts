import type { EpochSeconds } from '@credence/mcp/protocol';
import { type ReadRecord, readRecord } from '../audit/personal.ts';
import type { Facts } from '../audit/record.ts';
import { refusedCall } from '../audit/refused-call.ts';
import type { AccessIndex } from '../policy/compile.ts';
import { type Missing, missingOf } from '../policy/missing.ts';
import type { Ask } from '../policy/model.ts';
import { type AccessRequest, type Answer, unanswered } from '../store/requests.ts';
import type { PolicyVersion, Store } from '../store/store.ts';
import { compiledAccess } from './compiled.ts';
import type { Ground } from './drafts.ts';
import { toRecordedAsk } from './recorded-ask.ts';

/** What is asked about: a line of the record, and whose it has to be. */
type About = Pick<AccessRequest, 'decision' | 'personId'>;

/**
 * A line that tells how this person's agent was refused, by the identity provider or by a gateway of ours; `undefined` where there is none
 * of that id, it is somebody else's, or it was erased: nobody can tell these apart.
 * @param idp - our issuer
 */
export async function refusalOf(
  store: Pick<Store, 'audit'>,
  { decision, personId }: About,
  idp: string,
): Promise<ReadRecord | undefined> {
  const row = await store.audit.find(decision);
  const record = row && readRecord(row);
  if (record?.outcome !== 'refused') return undefined;
  if (record.domain === 'gateway') return refusedCall(store, record, { personId, idp });
  const isOne = record.domain === 'idp' && (record.kind === 'decision' || record.kind === 'refusal');
  return isOne && record.person === personId ? record : undefined;
}

/**
 * What was asked of the rules then. What is believed is the line of the record: whose it is stands there, and not in the row of a
 * request.
 */
export async function askBehind(store: Pick<Store, 'audit'>, about: About, idp: string): Promise<Ask | undefined> {
  const record = await refusalOf(store, about, idp);
  return record && toRecordedAsk(record);
}

/** What is missing now to what was refused; `gone`: nobody knows any more what that was. */
export type Standing = Missing | { readonly kind: 'gone' };

export async function standingOf(
  store: Pick<Store, 'audit' | 'people'>,
  request: About,
  { index, idp, now }: { readonly index: AccessIndex; readonly idp: string; readonly now: EpochSeconds },
): Promise<Standing> {
  const ask = await askBehind(store, request, idp);
  const person = await store.people.find(request.personId);
  return ask && person ? missingOf(index, ask, person, now) : { kind: 'gone' };
}

/**
 * Says what became of a request when its draft is gone: approved, where the version that was published gives it; else it is open
 * again, since somebody has discarded the draft or taken the rule out of it.
 */
export async function settleRequest(
  ground: Ground,
  draftId: string,
  published: PolicyVersion | undefined,
): Promise<void> {
  const { store, origins, now } = ground;
  const request = await store.requests.ofDraft(draftId);
  if (!request) return;
  const standing =
    published &&
    (await standingOf(store, request, { index: compiledAccess(published, origins), idp: origins.idp, now }));
  if (standing?.kind === 'nothing') {
    const { until, word, by } = request.answer;
    const answer: Answer = { ...unanswered, state: 'approved', until, word, at: now, by };
    await giveAnswer(ground, request, answer, `in force with version ${published?.version}`);
  } else await giveAnswer(ground, request, unanswered, `open again: draft ${draftId} is gone`);
}

/** Answers a request, with the line that tells of it. Resolves false when it was answered otherwise meanwhile. */
export function giveAnswer(
  { store, row }: Ground,
  request: AccessRequest,
  answer: Answer,
  what: string,
): Promise<boolean> {
  const { personId: person, client, server, id } = request;
  const facts: Facts = { person, client, server, detail: `request ${id} for ${request.decision}: ${what}` };
  return store.requests.answer(request, answer, [row('admin', facts)]);
}
