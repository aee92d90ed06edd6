import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { verifyChains } from '../packages/server/src/store/chain.ts';
import type { Store, StoredAuditRow } from '../packages/server/src/store/store.ts';
import { type Answer, claimsOf, tokenOf } from './harness.ts';
import type { Installation } from './nodes.ts';

/** What clients hold in their hands, and what else they were told. */
export interface Received {
  /** Ids of the ID-JAGs and access tokens that were answered. */
  readonly idJags: string[];
  readonly accessTokens: string[];
  /** ID-JAGs that a token was given for: never to be good again. */
  readonly used: string[];
  /** Answers that were neither a token nor the refusal of a used ID-JAG: what they said, and how often. */
  readonly others: Map<string, number>;
  /** Decision ids that the refusals among them named. */
  readonly references: string[];
}

/** Exchanges and redeems at nodes in no order, and shows ID-JAGs again, until told to stop. */
export interface Load {
  readonly received: Received;
  /** Waits until so many more tokens were received. */
  more(tokens: number): Promise<void>;
  stop(): Promise<Received>;
}

export function startLoad({ nodes, issue, redeem, isOver }: Installation, lanes = 8): Load {
  const received: Received = { idJags: [], accessTokens: [], used: [], others: new Map(), references: [] };
  let running = true;
  const anyNode = () => Math.floor(Math.random() * nodes.length);
  const tell = (leg: string, { status, body }: Answer) => {
    const words = `${leg}: ${status} ${body.error}`;
    received.others.set(words, (received.others.get(words) ?? 0) + 1);
    const [, reference] = /Reference: (\S+)/.exec(String(body.error_description)) ?? [];
    if (reference !== undefined) received.references.push(reference);
  };

  const pair = async () => {
    const issued = await issue(anyNode());
    if (issued.status !== 200) return tell('issue', issued);
    const idJag = tokenOf(issued);
    received.idJags.push(String(claimsOf(idJag).jti));
    const redeemed = await redeem(anyNode(), idJag);
    if (redeemed.status !== 200) return tell('redeem', redeemed);
    received.accessTokens.push(String(claimsOf(tokenOf(redeemed)).jti));
    received.used.push(idJag);
  };
  const again = async () => {
    const idJag = received.used.at(-1 - Math.floor(Math.random() * 20));
    if (idJag === undefined) return;
    const answer = await redeem(anyNode(), idJag);
    if (answer.status !== 400 || answer.body.error !== 'invalid_grant') tell('again', answer);
  };
  const lane = async () => {
    for (let round = 0; running && !isOver(); round++) {
      try {
        await (round % 4 === 3 ? again() : pair());
      } catch (error) {
        // A connection to a node that is gone.
        assert.ok(error instanceof Error && ('code' in error || error instanceof SyntaxError), String(error));
        await wait(20);
      }
    }
  };
  /** The last words of each process, for whoever has to find out. */
  const said = () => nodes.map(({ process }) => process.output().slice(-3000)).join('\n\n');
  const work = Promise.all(Array.from({ length: lanes }, lane));
  work.catch(() => undefined); // said by whoever stops it
  return {
    received,
    async more(tokens) {
      const wanted = received.accessTokens.length + tokens;
      for (let tries = 0; received.accessTokens.length < wanted; tries++) {
        if (tries > 1200)
          assert.fail(`${received.accessTokens.length} of ${wanted}; ${[...received.others.keys()]}\n${said()}`);
        await wait(50);
      }
    },
    async stop() {
      running = false;
      await work;
      return received;
    },
  };
}

/**
 * Everything that was answered is on the record, no ID-JAG was redeemed twice, every chain is whole, and nobody was told
 * anything but `allowed`.
 */
export function assertKept(rows: readonly StoredAuditRow[], received: Received, allowed: RegExp): void {
  const bodies = rows.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  const wrong = [...received.others.keys()].filter((words) => !allowed.test(words));
  const reasons = bodies.filter(({ id }) => received.references.includes(String(id))).map(({ reason }) => reason);
  assert.deepEqual(wrong, [], `refused for ${[...new Set(reasons)]}`);
  const of = (kind: string, member: string) =>
    bodies.filter((body) => body.kind === kind && body.outcome === 'allowed').map((body) => String(body[member]));
  const [issued, redeemed, spent] = [
    new Set(of('issuance', 'idJag')),
    new Set(of('redemption', 'accessToken')),
    of('redemption', 'idJag'),
  ];
  assert.deepEqual(
    received.idJags.filter((jti) => !issued.has(jti)),
    [],
    'ID-JAGs that were answered and are not on the record',
  );
  assert.deepEqual(
    received.accessTokens.filter((jti) => !redeemed.has(jti)),
    [],
    'access tokens that were answered and are not on the record',
  );
  assert.equal(new Set(spent).size, spent.length, 'no ID-JAG is redeemed twice');
  assert.equal(verifyChains(rows), undefined);
}

/** The whole record, in the order of its positions. */
export async function readRecord({ audit }: Pick<Store, 'audit'>): Promise<StoredAuditRow[]> {
  const rows: StoredAuditRow[] = [];
  for (;;) {
    const page = await audit.read(rows.at(-1)?.position ?? 0, 5000);
    if (page.length === 0) return rows;
    rows.push(...page);
  }
}

/** Whether these tests run at length, as `npm run test:long` has it. */
export const isLong = Number(process.env.CREDENCE_LOAD_SECONDS ?? 12) >= 60;
