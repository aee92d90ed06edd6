import { z } from 'zod';
import {
  beginDraft,
  discardDraft,
  editDraft,
  type Ground,
  type PolicyDraft,
  proposeDraft,
  rebaseDraft,
  toConflict,
  withEdits,
} from '../../changes/drafts.ts';
import type { Outcome as Changed } from '../../changes/outcome.ts';
import { publishDraft } from '../../changes/publish.ts';
import { editableSections } from '../../policy/diff/edits.ts';
import type { Json } from '../../policy/diff/entries.ts';
import {
  changeName,
  DraftHead,
  DraftShape,
  etagOf,
  findDraft,
  findHead,
  isPolicy,
  json,
  policyKind,
  showDraft,
  showHead,
  toHead,
  versionInForce,
} from './draft-shape.ts';
import { type ApiCall, answer, type Route, refuse, route } from './route.ts';
import type { AdminServices } from './services.ts';
import { namesVersion } from './version.ts';

const params = z.strictObject({ id: z.string().max(64) });

export const EditShape = z.strictObject({
  section: z.enum(editableSections),
  id: z.string().min(1).max(300).describe('Of a rule its id, of a server or client its name, of an issuer its URL.'),
  value: z
    .union([json, z.array(z.unknown())])
    .optional()
    .describe('The entry as it is to be, whole; without it the entry is taken out.'),
});

/** For whoever edits what they have read: then the text need not come back. */
const toldText = z.strictObject({
  document: z.enum(['whole', 'none']).default('whole').describe('none: whoever knows what they edited needs no text.'),
});

/** Whole documents are larger than other bodies: ten thousand rules are 2 MiB. */
export const maxDocumentBytes = 4 * 1024 * 1024;

/** Drafts of the policy documents: nothing here is in force until it is published. */
export const draftRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/drafts',
    id: 'listDrafts',
    summary: 'Drafts of the policy documents, the oldest first',
    permission: 'read:policy',
    query: z.strictObject({ state: z.enum(['open', 'proposed']).optional() }),
    answer: z.object({ items: z.array(DraftHead) }),
    handle: async ({ query: { state } }, { store }) => {
      const items = [];
      for (const head of await store.drafts.list()) {
        if (!isPolicy(head) || (state && head.state !== state)) continue;
        items.push(toHead(head, await versionInForce(store, head.kind)));
      }
      return answer({ items });
    },
  }),
  route({
    method: 'POST',
    path: '/drafts',
    id: 'createDraft',
    summary: 'Begin a draft: of the version in force, of an older one to roll back to, or of a whole document',
    permission: 'apply',
    body: z.strictObject({
      kind: policyKind,
      name: changeName,
      version: z.int().min(1).max(2_147_483_647).optional().describe('The text of this version.'),
      document: json.optional().describe('This text, instead of that of a version.'),
      edits: z.array(EditShape).max(200).default([]).describe('Made to the text of the version at once.'),
      base: z.int().min(0).max(2_147_483_647).optional().describe('Only if this version is in force.'),
    }),
    maxBytes: maxDocumentBytes,
    query: toldText,
    status: 201,
    answer: DraftShape.partial({ document: true }),
    handle: async (call, services) => {
      const { edits, ...given } = call.body;
      if (given.version !== undefined && given.document !== undefined) {
        return refuse('api_value_invalid', 'Either version or document says what it begins with.');
      }
      // Edits are made to a text that was found good; whoever sends a whole one makes them there.
      if (given.document !== undefined && edits.length > 0) {
        return refuse('api_value_invalid', 'Edits are of a version: a document is sent as it is to be.');
      }
      const change = (document: Json) => withEdits(document, edits);
      const begun = await beginDraft(toGround(call, services), { ...given, ...(edits.length > 0 && { change }) });
      return call.query.document === 'none' ? showHead(begun, services) : showDraft(begun, services);
    },
  }),
  route({
    method: 'GET',
    path: '/drafts/{id}',
    id: 'getDraft',
    summary: 'A draft with its document',
    permission: 'read:policy',
    params,
    answer: DraftShape,
    handle: async ({ params: { id } }, services) => showDraft(await findDraft(services, id), services),
  }),
  route({
    method: 'GET',
    path: '/drafts/{id}/head',
    id: 'getDraftHead',
    summary: 'A draft without its document, which is long',
    permission: 'read:policy',
    params,
    answer: DraftHead,
    handle: async ({ params: { id } }, services) => showHead(await findHead(services, id), services),
  }),
  route({
    method: 'PUT',
    path: '/drafts/{id}',
    id: 'replaceDraft',
    summary: 'Replace the document of a draft',
    permission: 'apply',
    versioned: true,
    params,
    body: z.strictObject({ document: json }),
    maxBytes: maxDocumentBytes,
    answer: DraftShape,
    handle: async (call, services) => {
      const found = await findSeen(call, services);
      if (!found.ok) return found;
      return showDraft(await editDraft(toGround(call, services), found.value, call.body), services);
    },
  }),
  route({
    method: 'PATCH',
    path: '/drafts/{id}',
    id: 'editDraft',
    summary: 'Put entries into a draft and take entries out: rules, servers, clients, networks, audiences, issuers',
    permission: 'apply',
    versioned: true,
    params,
    body: z.strictObject({ edits: z.array(EditShape).min(1).max(200) }),
    maxBytes: maxDocumentBytes,
    query: toldText,
    answer: DraftShape.partial({ document: true }),
    handle: async (call, services) => {
      const found = await findSeen(call, services);
      if (!found.ok) return found;
      const edited = await editDraft(toGround(call, services), found.value, call.body);
      return call.query.document === 'none' ? showHead(edited, services) : showDraft(edited, services);
    },
  }),
  route({
    method: 'DELETE',
    path: '/drafts/{id}',
    id: 'discardDraft',
    summary: 'Discard a draft',
    permission: 'apply',
    versioned: true,
    params,
    handle: async (call, services) => {
      const found = await findSeen(call, services);
      return found.ok ? discardDraft(toGround(call, services), found.value) : found;
    },
  }),
  route({
    method: 'POST',
    path: '/drafts/{id}/rebase',
    id: 'rebaseDraft',
    summary: 'Move a draft onto the version in force; entries that both have changed need a side',
    permission: 'apply',
    versioned: true,
    params,
    body: z.strictObject({ prefer: z.enum(['mine', 'theirs']).optional() }),
    answer: DraftShape,
    handle: async (call, services) => {
      const found = await findSeen(call, services);
      if (!found.ok) return found;
      return showDraft(await rebaseDraft(toGround(call, services), found.value, call.body.prefer), services);
    },
  }),
  route({
    method: 'POST',
    path: '/drafts/{id}/propose',
    id: 'proposeDraft',
    summary: 'Ask for approval of a draft in exactly this text; any edit takes that back',
    permission: 'apply',
    fresh: true,
    versioned: true,
    params,
    answer: DraftShape,
    handle: async (call, services) => {
      const found = await findSeen(call, services);
      return found.ok ? showDraft(await proposeDraft(toGround(call, services), found.value), services) : found;
    },
  }),
  route({
    method: 'POST',
    path: '/drafts/{id}/publish',
    id: 'publishDraft',
    summary: 'Publish a draft as the next version; where it needs a second person, this is their approval',
    permission: 'publish',
    fresh: true,
    params,
    body: z.strictObject({ digest: z.string().length(43).describe('Of the text that was looked at: that or none.') }),
    answer: z.object({
      kind: policyKind,
      version: z.int(),
      approver: z.string().nullable(),
      gain: z.int(),
      lose: z.int(),
    }),
    handle: async (call, services) => {
      const found = await findDraft(services, call.params.id);
      if (!found.ok) return found;
      const published = await publishDraft(toGround(call, services), found.value, call.body.digest);
      if (!published.ok) return published;
      await services.refresh();
      const { version, diff, approver } = published.value;
      return answer({ kind: diff.kind, version, approver: approver ?? null, gain: diff.gain, lose: diff.lose });
    },
  }),
];

type Call = Pick<ApiCall<unknown, unknown, unknown>, 'by' | 'now' | 'row'>;

export function toGround({ by, now, row }: Call, { store, installation }: AdminServices): Ground {
  return { store, origins: { idp: installation.idp, ras: installation.ras }, now, by: by.person.id, row };
}

/** The draft, in the version that the caller has seen. */
async function findSeen(
  { params: { id }, ifMatch }: { readonly params: { readonly id: string }; readonly ifMatch: string },
  services: AdminServices,
): Promise<Changed<PolicyDraft>> {
  const found = await findDraft(services, id);
  if (!found.ok || namesVersion(ifMatch, etagOf(found.value))) return found;
  return { ...refuse('api_version_differs'), current: toConflict(found.value) };
}
