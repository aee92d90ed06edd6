import type { EpochSeconds } from '@credence/mcp/protocol';
import { keptText, type ReadText, readText } from '../../changes/compiled.ts';
import { type Diff, diffKnown, diffOf } from '../../changes/diff.ts';
import type { Outcome as Changed } from '../../changes/outcome.ts';
import type { AccessIndex } from '../../policy/compile.ts';
import type { PolicyHead } from '../../store/store.ts';
import { findDraft, findHead } from './draft-shape.ts';
import { refuse } from './route.ts';
import type { AdminServices } from './services.ts';

// A draft by what its text comes to. The text itself is long: it is read only where it is not at hand already, by the digest that is covered (T24).

/** What a draft does, of the text that it has now; that is read only where it was not compared before. */
export async function diffOfDraft(
  services: AdminServices,
  id: string,
  now: EpochSeconds,
): Promise<Changed<{ readonly digest: string; readonly diff: Diff }>> {
  const { store } = services;
  const ground = { origins: originsOf(services), now };
  const head = await findHead(services, id);
  if (!head.ok) return head;
  const known = await diffKnown(store, head.value.kind, head.value.digest, ground);
  if (known) return { ok: true, value: { digest: head.value.digest, diff: known } };
  const found = await findDraft(services, id);
  if (!found.ok) return found;
  const { kind, document, digest } = found.value;
  return { ok: true, value: { digest, diff: await diffOf(store, kind, document, ground) } };
}

/** A draft of an access document as the index it would be, beside the one in force. Texts are read only where they were not before. */
export async function findAccess(
  services: AdminServices,
  id: string,
): Promise<
  Changed<{ readonly digest: string; readonly before: AccessIndex | undefined; readonly after: AccessIndex }>
> {
  const { store } = services;
  const origins = originsOf(services);
  const head = await findHead(services, id);
  if (!head.ok) return head;
  if (head.value.kind !== 'access')
    return refuse('api_value_invalid', 'Only a draft of the access document decides for people.');
  const inForce = (await store.policies.heads('access')).at(-1);
  const old = inForce && (keptText(inForce.digest, origins) ?? (await readVersion(services, inForce)));
  const before = inForce && old?.as(inForce.version);
  const known = keptText(head.value.digest, origins);
  if (known) return { ok: true, value: { digest: head.value.digest, before, after: known.as(head.value.base + 1) } };
  const found = await findDraft(services, id);
  if (!found.ok) return found;
  const { document, digest, base } = found.value;
  return { ok: true, value: { digest, before, after: readText(document, origins).as(base + 1) } };
}

async function readVersion(services: AdminServices, { kind, version }: PolicyHead): Promise<ReadText | undefined> {
  const found = await services.store.policies.read(kind, version);
  return found && readText(found.document, originsOf(services));
}

function originsOf({ installation: { idp, ras } }: AdminServices) {
  return { idp, ras };
}
