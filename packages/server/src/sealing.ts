import { readFile } from 'node:fs/promises';
import { createSealer, sealWhatIsThere } from './audit/sealer.ts';
import { RecordAltered } from './audit/stored-tree.ts';
import { createWitnessing, fileWitness, type Witness, webWitness } from './audit/witness.ts';
import { eventId } from './call.ts';
import { whileRight } from './clock-watch.ts';
import type { Config } from './config.ts';
import type { Egress } from './egress.ts';
import { isAcceptedCheckpoint } from './keys/accepted-checkpoint.ts';
import { verifySignature } from './keys/verify-signature.ts';
import { toFault } from './log.ts';
import { Problem } from './problem.ts';
import { openRing } from './roles.ts';
import { keepHouse, type ProcessParts } from './serve.ts';

/** A witness that has not heard for so long is one that somebody should look after. */
const patienceMs = 300_000;

export interface Sealing {
  /** Tells the operator, once everything is open, what the record lacks. */
  warn(): void;
}

/**
 * Seals the record and hands the checkpoints to the witnesses, again and again, and once more when everything that writes has
 * ended. Whichever node comes first does it; nobody waits for it.
 */
export async function openSealing(opened: AsyncDisposableStack, parts: ProcessParts): Promise<Sealing> {
  const { config, home, store, edge, egress, log, append, readiness } = parts;
  const keys = await openRing(parts, 'audit');
  const sealSome = createSealer({
    seals: store.seals,
    keys,
    verifySignature,
    nowMs: edge.nowMs,
    refreshKeys: keys.refresh,
    isAccepted: ({ statement }) => isAcceptedCheckpoint(home.auditKeysDir, statement),
    prunedTo: async () => (await store.retention.last())?.position ?? 0,
  });
  const witnesses = await toWitnesses(config.audit.witness, egress);
  const witnessing = createWitnessing({
    seals: store.seals,
    witnesses,
    nowMs: edge.nowMs,
    onFault: (witness, fault) => log.warn({ witness, fault: toFault(fault) }, 'a checkpoint could not be handed over'),
  });
  const alerts = createAlerts(async (detail) => {
    const [id, timeMs] = [eventId('a_'), edge.nowMs()];
    await append([{ v: 2, id, kind: 'alert', domain: 'system', timeMs, outcome: 'allowed', detail }]);
  });
  let stopping = false;

  async function seal(): Promise<void> {
    try {
      await sealWhatIsThere(sealSome, () => stopping);
      alerts.over('altered');
    } catch (fault) {
      if (!(fault instanceof RecordAltered)) throw fault;
      log.error({ altered: fault.message }, 'the record was altered in the store: nothing more is sealed');
      await alerts.raise('altered', `the record was altered in the store, nothing more is sealed: ${fault.message}`);
    }
    await witnessing.hand();
    await lookAtWitnesses();
  }

  async function lookAtWitnesses(): Promise<void> {
    const since = await witnessing.unwitnessedSince();
    const isLate = since !== undefined && edge.nowMs() - since > patienceMs;
    const words = isLate ? `the record is unwitnessed since ${new Date(since).toISOString()}` : undefined;
    readiness.remark(words);
    if (words === undefined) return alerts.over('unwitnessed');
    await alerts.raise('unwitnessed', `${words}${witnesses.length === 0 ? ': no witness is configured' : ''}`);
  }

  opened.defer(() =>
    whileRight(parts.clock, seal)().catch((fault: unknown) =>
      log.error({ fault: toFault(fault) }, 'the last checkpoint'),
    ),
  );
  keepHouse(opened, parts, seal, config.audit.sealSeconds * 1000);
  keepHouse(opened, parts, keys.refresh);
  opened.defer(async () => {
    stopping = true;
  });
  return {
    warn() {
      if (witnesses.length > 0) return;
      log.warn('the record has no witness outside: who can write to the store can cut it back unseen (audit.witness)');
    },
  };
}

/** Each kind of alert is on the record once for as long as its cause lasts. */
function createAlerts(append: (detail: string) => Promise<void>) {
  const raised = new Set<string>();
  return {
    async raise(kind: string, detail: string) {
      if (raised.has(kind)) return;
      await append(detail);
      raised.add(kind);
    },
    over(kind: string) {
      raised.delete(kind);
    },
  };
}

async function toWitnesses(config: Config['audit']['witness'], egress: Egress): Promise<Witness[]> {
  const { file, url, tokenFile } = config ?? {};
  const token = tokenFile === undefined ? undefined : await readToken(tokenFile);
  const headers = {
    'content-type': 'application/jose',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  const post = async (to: string, body: string) => (await egress.fetch(to, { method: 'POST', headers, body })).status;
  return [...(file === undefined ? [] : [fileWitness(file)]), ...(url === undefined ? [] : [webWitness(url, post)])];
}

async function readToken(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new Problem(
      `audit.witness.tokenFile: cannot read ${file} (${(error as NodeJS.ErrnoException).code}).`,
      'Check the path, its owner and its mode (0600).',
    );
  }
}
