import type { DirectoryStore } from './directory.ts';
import type { Engine } from './engine.ts';
import { groupStore } from './groups.ts';
import { provisionedStore } from './provisioned.ts';
import { importStore, scimTokenStore } from './provisioning.ts';
import { searchStore } from './search.ts';
import { sourceStore } from './sources.ts';

/** The directory's parts, put together. */
export function directoryStore(engine: Engine): DirectoryStore {
  return {
    ...sourceStore(engine),
    groups: groupStore(engine),
    provisioned: provisionedStore(engine),
    search: searchStore(engine),
    scimTokens: scimTokenStore(engine),
    imports: importStore(engine),
  };
}
