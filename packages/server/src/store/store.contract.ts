import { after, before, describe } from 'node:test';
import { adminApiContract } from './contract/admin-api.ts';
import { administrationContract } from './contract/administration.ts';
import { artifactContract } from './contract/artifacts.ts';
import { auditSearchContract } from './contract/audit-search.ts';
import { bulletinContract } from './contract/bulletins.ts';
import { commitContract } from './contract/commit.ts';
import { cutOffContract } from './contract/cut-offs.ts';
import { directoryContract } from './contract/directory.ts';
import { draftContract } from './contract/drafts.ts';
import { epochContract } from './contract/epoch.ts';
import { erasureContract } from './contract/erasure.ts';
import { exportContract } from './contract/exports.ts';
import { factorContract } from './contract/factors.ts';
import type { StoreUnderTest } from './contract/fixtures.ts';
import { heldContract } from './contract/held.ts';
import { lossesContract } from './contract/losses.ts';
import { orphansContract } from './contract/orphans.ts';
import { peopleContract } from './contract/people.ts';
import { provisioningContract } from './contract/provisioning.ts';
import { registryContract } from './contract/registry.ts';
import { requestContract } from './contract/requests.ts';
import { retentionContract } from './contract/retention.ts';
import { sealsContract } from './contract/seals.ts';
import { sessionContract } from './contract/sessions.ts';
import { stopContract } from './contract/stops.ts';
import { usesContract } from './contract/uses.ts';
import { wholeStoreContract } from './contract/whole.ts';
import type { Store } from './store.ts';

/** Everything `store.ts` promises, against a store of any kind. */
export function storeContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(name, () => {
    let subject: StoreUnderTest;
    let store: Store;
    before(async () => {
      subject = await open();
      store = subject.store;
    });
    after(() => subject.close());

    const access = {
      store: () => store,
      another: () => subject.another(),
      reopen: async () => {
        store = await subject.reopen();
        return store;
      },
    };
    commitContract(access);
    auditSearchContract(access);
    orphansContract(access);
    artifactContract(access);
    peopleContract(access);
    directoryContract(access);
    provisioningContract(access);
    factorContract(access);
    administrationContract(access);
    adminApiContract(access);
    draftContract(access);
    requestContract(access);
    registryContract(access);
    cutOffContract(access);
    lossesContract(access);
    heldContract(access);
    sessionContract(access);
    bulletinContract(access);
    usesContract(access);
    epochContract(access);
    exportContract(access);
    sealsContract(access);
    stopContract(access);
    erasureContract(access);
    wholeStoreContract(access);
    retentionContract(open);
  });
}
