import { isName } from '@credence/mcp/protocol';
import { z } from 'zod';
import type { PolicyDraft } from '../../changes/drafts.ts';
import type { Outcome as Changed } from '../../changes/outcome.ts';
import { withoutUpstreams } from '../../policy/upstreams.ts';
import { answer, type Outcome, refuse } from './route.ts';
import type { AdminServices } from './services.ts';

export const policyKind = z.enum(['access', 'resource']);
export const json = z.record(z.string(), z.unknown());

export const changeName = z
  .string()
  .refine((text) => isName(text, 120), 'must have 1 to 120 characters, none of them a control character');

export const DraftHead = z.object({
  id: z.string(),
  kind: policyKind,
  name: z.string(),
  base: z.int().describe('Version it was begun on, which it can follow.'),
  behind: z.boolean().describe('Another version was published since: rebase before it is published.'),
  revision: z.int(),
  digest: z.string().describe('SHA-256 of the document as JSON text, upstreams included, base64url: what is approved.'),
  state: z.enum(['open', 'proposed']),
  authors: z.array(z.string()).describe('Ids of everybody who wrote any of it.'),
  createdAt: z.int(),
  changedAt: z.int(),
});
export const DraftShape = DraftHead.extend({
  document: json.describe(
    'An upstream is told as { kind }; sent so, it is the one that the draft, or the version in force, has for that server.',
  ),
});

export type PolicyHead = Omit<PolicyDraft, 'document'>;

/** A draft without its text, which is long. */
export async function findHead({ store }: AdminServices, id: string): Promise<Changed<PolicyHead>> {
  const head = (await store.drafts.list()).find((each) => each.id === id);
  return head && isPolicy(head) ? { ok: true, value: head } : refuse('api_not_found');
}

export async function findDraft({ store }: AdminServices, id: string): Promise<Changed<PolicyDraft>> {
  const draft = await store.drafts.find(id);
  return draft && isPolicy(draft) ? { ok: true, value: draft } : refuse('api_not_found');
}

/** The head of a draft as it is answered, with its version. */
export async function showHead(
  outcome: Changed<PolicyHead>,
  { store }: AdminServices,
): Promise<Outcome<z.output<typeof DraftHead>>> {
  if (!outcome.ok) return outcome;
  return answer(toHead(outcome.value, await versionInForce(store, outcome.value.kind)), etagOf(outcome.value));
}

/** The same with its document. */
export async function showDraft(
  outcome: Changed<PolicyDraft>,
  { store }: AdminServices,
): Promise<Outcome<z.output<typeof DraftShape>>> {
  if (!outcome.ok) return outcome;
  const draft = outcome.value;
  const document = withoutUpstreams(JSON.parse(draft.document));
  return answer({ ...toHead(draft, await versionInForce(store, draft.kind)), document }, etagOf(draft));
}

export function toHead(draft: PolicyHead, inForce: number): z.output<typeof DraftHead> {
  const { id, kind, name, base, revision, digest, state, authors, createdAt, changedAt } = draft;
  return {
    id,
    kind,
    name,
    base,
    behind: base !== inForce,
    revision,
    digest,
    state,
    authors: [...authors],
    createdAt,
    changedAt,
  };
}

export async function versionInForce({ policies }: AdminServices['store'], kind: PolicyDraft['kind']): Promise<number> {
  return (await policies.heads(kind)).at(-1)?.version ?? 0;
}

export function etagOf({ id, revision }: PolicyHead): string {
  return `"${id}.${revision}"`;
}

export function isPolicy<D extends { readonly kind: string }>(
  draft: D,
): draft is D & { readonly kind: PolicyDraft['kind'] } {
  return draft.kind === 'access' || draft.kind === 'resource';
}
