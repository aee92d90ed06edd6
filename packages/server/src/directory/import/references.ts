import type { JsonObject } from '@credence/mcp/protocol';
import type { Store } from '../../store/store.ts';
import { memberOf } from '../scim/operations.ts';
import { toHandle } from '../scim/user.ts';

/** People of a file under every name a group may call them by. Their ids here are looked up when they are needed. */
export interface References {
  /** A person of the file; `id` where it is known already. */
  add(body: JsonObject, handle: string, id: string | undefined): void;
  /** The id here of whom a group names: by the id in the file, the external id, the userName, or the id here. */
  find(reference: string): Promise<string | undefined>;
}

interface Entry {
  readonly handle: string;
  id: string | undefined;
}

export function createReferences(store: Store, source: string): References {
  const { provisioned } = store.directory;
  const byId = new Map<string, Entry>();
  const byExternalId = new Map<string, Entry>();
  const byHandle = new Map<string, Entry>();

  return {
    add(body, handle, id) {
      const entry = { handle, id };
      byHandle.set(handle, entry);
      const [inFile, externalId] = [memberOf(body, 'id'), memberOf(body, 'externalId')];
      if (typeof inFile === 'string') byId.set(inFile, entry);
      if (typeof externalId === 'string') byExternalId.set(externalId, entry);
    },

    async find(reference) {
      const entry = byId.get(reference) ?? byExternalId.get(reference) ?? byHandle.get(toHandle(reference));
      if (entry) {
        entry.id ??= (await provisioned.findByHandle(source, entry.handle))?.id;
        return entry.id;
      }
      const found =
        (await provisioned.find(source, reference)) ??
        (await provisioned.findByExternalId(source, reference)) ??
        (await provisioned.findByHandle(source, toHandle(reference)));
      return found?.id;
    },
  };
}
