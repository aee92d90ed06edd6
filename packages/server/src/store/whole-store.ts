import type { EpochSeconds } from '@credence/mcp/protocol';
import { accountStore } from './accounts.ts';
import { adminSessionStore } from './admin-sessions.ts';
import { administratorPart, administratorStore } from './administrators.ts';
import { agentUseStore } from './agent-uses.ts';
import { apiTokenStore } from './api-tokens.ts';
import { artifactStore } from './artifacts.ts';
import { auditStore } from './audit-log.ts';
import { orphanStore } from './audit-orphans.ts';
import { auditSearchStore } from './audit-search.ts';
import { bulletinStore } from './bulletins.ts';
import { credentialStore, secretPart } from './credentials.ts';
import { cutOffStore } from './cut-offs.ts';
import {
  type Covered,
  type CoveredName,
  covered,
  type DigestKey,
  type Digests,
  digestStore,
  uncovered,
} from './digests.ts';
import { draftPart, draftStore } from './drafts.ts';
import { type Engine, thereAndBack } from './engine.ts';
import { epochStore } from './epoch.ts';
import { erasureStore } from './erasure.ts';
import { exportStore } from './exports.ts';
import { factorStore } from './factors.ts';
import { heldStore } from './held.ts';
import { linkStore } from './links.ts';
import { noticeStore } from './notices.ts';
import { peopleStore } from './people.ts';
import { peopleAdminStore } from './people-admin.ts';
import { policyPart, policyStore } from './policies.ts';
import { populationStore } from './population.ts';
import { purge } from './purge.ts';
import { directoryStore } from './records.ts';
import { requestStore } from './requests.ts';
import { retentionStore } from './retention.ts';
import { sealStore } from './seals.ts';
import { sessionStore } from './sessions.ts';
import { stopStore } from './stops.ts';
import type { Account, AccountKey, Artifact, Person, Store } from './store.ts';
import { upstreamStore } from './upstream.ts';
import { useStore } from './uses.ts';

/** The reads that every request makes: each database has its own fastest way. */
export interface HotReads {
  person(id: string): Promise<Person | undefined>;
  account(key: AccountKey): Promise<Account | undefined>;
  isCutOff(accountId: string, issuedAt: EpochSeconds): Promise<boolean>;
  artifact(model: string, id: string): Promise<Artifact | undefined>;
  sessionStands(sid: string, now: EpochSeconds): Promise<boolean>;
  changeSequence(): Promise<number>;
  lossSequence(): Promise<number>;
  isMarked: Store['isMarked'];
  /** Where the database has a machine of its own. */
  clockMs?: Store['clockMs'];
}

/** What a database does in its own way. */
interface OwnParts extends Pick<Store, 'commit' | 'close'> {
  /** Forgets what was used once and has had its last second, where that is not among the marks. */
  forgetUsed?(now: EpochSeconds): Promise<void>;
}

/** The store over a database: what it brings along, and the queries that all have in common. */
export function toWholeStore(engine: Engine, reads: HotReads, own: OwnParts, key?: DigestKey): Store {
  const parts = [
    policyPart(engine, 'access'),
    policyPart(engine, 'resource'),
    secretPart(engine, 'idp'),
    secretPart(engine, 'ras'),
    administratorPart(engine),
    draftPart(engine),
  ] as readonly Covered<unknown>[];
  const digests = key ? covered(engine, key) : uncovered(engine);
  return {
    commit: own.commit,
    isMarked: reads.isMarked,
    clockMs: reads.clockMs ?? (async () => undefined),
    audit: auditStore(engine),
    auditSearch: auditSearchStore(engine),
    orphans: orphanStore(engine),
    seals: sealStore(engine),
    erasure: erasureStore(engine),
    artifacts: { ...artifactStore(engine), find: reads.artifact, sessionStands: reads.sessionStands },
    people: { ...peopleStore(engine), find: reads.person },
    peopleAdmin: peopleAdminStore(engine),
    directory: directoryStore(engine),
    credentials: credentialStore(engine, digests),
    policies: policyStore(engine, digests),
    population: populationStore(engine),
    drafts: draftStore(engine, digests),
    accounts: { ...accountStore(engine, reads.account), find: reads.account },
    cutOffs: cutOffStore(engine, reads.isCutOff),
    held: heldStore(engine),
    upstream: upstreamStore(engine),
    sessions: sessionStore(engine),
    factors: factorStore(engine),
    links: linkStore(engine),
    administrators: administratorStore(engine, digests),
    apiTokens: apiTokenStore(engine),
    adminSessions: adminSessionStore(engine),
    notices: noticeStore(engine),
    requests: requestStore(engine),
    agentUses: agentUseStore(engine),
    uses: useStore(engine),
    epoch: epochStore(engine),
    exports: exportStore(engine),
    retention: retentionStore(engine),
    bulletins: bulletinStore(engine),
    digests: digestStore(digests, parts, (name) => checkTexts(engine, digests, name)),
    stops: stopStore(engine),
    changeSequence: reads.changeSequence,
    lossSequence: reads.lossSequence,
    proveWritable: async () => {
      await engine.write({ steps: thereAndBack(engine.db) });
    },
    purge: async (now) => {
      await purge(engine, now);
      await stopStore(engine).purge(now);
      await own.forgetUsed?.(now);
    },
    close: own.close,
  };
}

/** Reads every text that a digest in a covered row stands for; each reading checks it. */
async function checkTexts(engine: Engine, digests: Digests, name: CoveredName): Promise<void> {
  if (name === 'access' || name === 'resource') {
    const policies = policyStore(engine, digests);
    const versions = (await policies.latest(name))?.version ?? 0;
    for (let version = 1; version <= versions; version += 1) await policies.read(name, version);
  }
  if (name !== 'drafts') return;
  const drafts = draftStore(engine, digests);
  for (const { id } of await drafts.list()) await drafts.find(id);
}
