import type { EpochSeconds } from '@credence/mcp/protocol';
import { applyEdits } from '../policy/diff/edits.ts';
import { missingOf, smallestRuleFor } from '../policy/missing.ts';
import type { Ask } from '../policy/model.ts';
import { type AccessRequest, type Answer, unanswered } from '../store/requests.ts';
import type { Person, PolicyVersion, Store } from '../store/store.ts';
import { compiledAccess } from './compiled.ts';
import { beginDraft, discardDraft, type Ground, type PolicyDraft } from './drafts.ts';
import { done, type Outcome, refused } from './outcome.ts';
import { askBehind, giveAnswer } from './settle-request.ts';

/** Whether somebody has to look at it: also when the draft that was made of it is gone and nobody has said what became of it. */
export async function isOpen({ drafts }: Pick<Store, 'drafts'>, { answer }: AccessRequest): Promise<boolean> {
  if (answer.state === 'drafted') return answer.draft === undefined || !(await drafts.find(answer.draft));
  return answer.state === 'open';
}

/** How somebody who administers answers. */
export interface Approval {
  /** The last day, in UTC. */
  readonly until: string;
  readonly word: string | undefined;
}

/**
 * Makes a draft of the smallest rule that gives what was refused, with an end. Nothing is in force by that: it is published like any
 * other draft, by a second person where one is asked for. Resolves to `undefined` where it is allowed by now: then it is answered.
 */
export async function approveRequest(
  ground: Ground,
  request: AccessRequest,
  { until, word }: Approval,
): Promise<Outcome<PolicyDraft | undefined>> {
  const { store, origins, now, by } = ground;
  const may = await checkAnswerable(ground, request);
  if (!may.ok) return may;
  const ask = await askBehind(store, request, origins.idp);
  const person = await store.people.find(request.personId);
  const latest = await store.policies.latest('access');
  if (!ask || !person || !latest) return refused('api_conflict', { detail: gone });
  const missing = missingOf(compiledAccess(latest, origins), ask, person, now);
  if (missing.kind === 'nothing') {
    const isDone = await giveAnswer(
      ground,
      request,
      { ...unanswered, state: 'approved', word, at: now, by },
      'allowed by now',
    );
    return isDone ? done(undefined) : refused('api_conflict', { detail: answered });
  }
  if (missing.kind === 'barred')
    return refused('api_conflict', { detail: `No rule that allows it would do: ${missing.words}.` });

  // Of the line of the record, and not of the row: that is what was judged.
  const about = { personId: ask.person.id, client: ask.client, server: ask.server, decision: request.decision };
  const rule = smallestRuleFor(about, missing.scopes, until);
  const begun = await beginDraft(ground, {
    kind: 'access',
    // Not for whom: drafts are read by who may not see people, and erasing somebody does not reach their names.
    name: `Asked for: ${missing.scopes.join(', ')} on ${ask.server}`.slice(0, 120),
    // Of the version that the draft stands on: another may have been published meanwhile.
    change: (document) => done(applyEdits(document, [{ section: 'rules', id: rule.id, value: { ...rule } }])),
    also: await authorOf(store, person),
  });
  if (!begun.ok) return begun;
  const draft = begun.value;
  if (!givesAll(draft, latest, ask, person, ground)) {
    await discardDraft(ground, draft);
    return refused('api_conflict', {
      detail: 'Such a rule would not be enough: see the decision for what speaks against it.',
    });
  }
  const answer: Answer = { state: 'drafted', draft: draft.id, until: endOf(until), word, at: now, by };
  if (await giveAnswer(ground, request, answer, `draft ${draft.id}, until ${until}`)) return done(draft);
  await discardDraft(ground, draft);
  return refused('api_conflict', { detail: answered });
}

export async function declineRequest(ground: Ground, request: AccessRequest, word: string): Promise<Outcome<void>> {
  const may = await checkAnswerable(ground, request);
  if (!may.ok) return may;
  const { now: at, by } = ground;
  const isDone = await giveAnswer(ground, request, { ...unanswered, state: 'declined', word, at, by }, 'declined');
  return isDone ? done(undefined) : refused('api_conflict', { detail: answered });
}

const gone = 'What was refused is not on the record any more, or nobody is there for whom it was: decline it.';
const answered = 'Somebody else has answered it.';

async function checkAnswerable({ store, by }: Ground, request: AccessRequest): Promise<Outcome<void>> {
  if (request.personId === by) return refused('request_own');
  if (await isOpen(store, request)) return done(undefined);
  const detail = request.answer.state === 'drafted' ? 'A draft was made of it: publish or discard that.' : answered;
  return refused('api_conflict', { detail });
}

/** Who asks for a rule has a hand in it: whoever administers cannot be the second person for what they asked for themselves. */
async function authorOf({ administrators }: Pick<Store, 'administrators'>, { id }: Person): Promise<readonly string[]> {
  return (await administrators.roleOf(id)) === undefined ? [] : [id];
}

function givesAll({ document }: PolicyDraft, latest: PolicyVersion, ask: Ask, person: Person, ground: Ground): boolean {
  const index = compiledAccess({ ...latest, document }, ground.origins);
  return missingOf(index, ask, person, ground.now).kind === 'nothing';
}

function endOf(until: string): EpochSeconds {
  return Date.parse(`${until}T00:00:00Z`) / 1000 + 86_400;
}
