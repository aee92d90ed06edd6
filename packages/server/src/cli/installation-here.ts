import { refusalRow } from '@credence/mcp/protocol';
import { toShell } from '../changes/author.ts';
import { beginDraft, discardDraft, type Ground } from '../changes/drafts.ts';
import type { Outcome } from '../changes/outcome.ts';
import { planOf } from '../changes/plan.ts';
import { publishDraft } from '../changes/publish.ts';
import { Problem } from '../problem.ts';
import type { Store } from '../store/store.ts';
import { accountHere } from './account-here.ts';
import { isSameText, otherVersion, type PlaceFlags, type PolicyPlace } from './installation.ts';
import { readIssuers, toActRow, withStore } from './with-store.ts';

const mostVersions = 500;

/** The installation of a home on this machine, beside a server that may be running. */
export function openHere<T>(flags: PlaceFlags, work: (place: PolicyPlace) => Promise<T>): Promise<T> {
  return withStore(flags, async (store) => work(toPlace(store, await readIssuers(flags), flags.home)));
}

function toPlace(store: Store, origins: Ground['origins'], home: string): PolicyPlace {
  const ground = (): Ground => ({
    store,
    origins,
    now: Math.floor(Date.now() / 1000),
    by: toShell(accountHere()),
    row: (kind, { detail = '', ...facts }) => toActRow(kind, detail, facts),
  });
  return {
    words: home,
    async versions(kind) {
      const heads = (await store.policies.heads(kind)).toReversed().slice(0, mostVersions);
      return heads.map(({ version, author, publishedAt, digest }) => ({ version, author, publishedAt, digest }));
    },
    async document(kind, version) {
      const found = await store.policies.read(kind, version);
      if (!found)
        throw new Problem(
          `There is no version ${version} of the ${kind} document.`,
          'List them with: credence plan --drift',
        );
      return JSON.parse(found.document);
    },
    plan: async (kind, document) => orProblem(await planOf(ground(), kind, document, true)),
    async apply(plan, document, name) {
      const waiting = plan.needsSecondPerson ? (await store.drafts.list()).find(isSameText(plan)) : undefined;
      if (waiting) return { draft: waiting.id, state: waiting.state };
      const draft = orProblem(await beginDraft(ground(), { kind: plan.kind, name, document }));
      if (draft.base !== plan.from) {
        orProblem(await discardDraft(ground(), draft));
        throw otherVersion(draft.base, plan);
      }
      const published = await publishDraft(ground(), draft, draft.digest);
      if (published.ok) return { draft: draft.id, state: 'published', version: published.value.version };
      // It stays open: whoever has the shell may be whoever would approve it, so that somebody else takes it over first.
      if (published.refusal === 'second_person_needed') return { draft: draft.id, state: 'open' };
      throw toProblem(published);
    },
  };
}

function orProblem<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw toProblem(outcome);
}

function toProblem({ refusal, detail, errors = [] }: Exclude<Outcome<unknown>, { ok: true }>): Problem {
  const { hint, help } = refusalRow(refusal);
  const lines = errors.map(({ at, problem }) => `\n  ${at}: ${problem}`).join('');
  return new Problem(`${detail ?? hint}${lines}`, help ?? 'Look again with: credence plan -f FILE');
}
