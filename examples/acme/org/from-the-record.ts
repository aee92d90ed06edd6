import { readRecord } from '../../../packages/server/src/audit/personal.ts';
import { type ChainFault, verifyChains } from '../../../packages/server/src/store/chain.ts';
import type { Store, StoredAuditRow } from '../../../packages/server/src/store/store.ts';

/** What the record says of it all, without a word from whoever did it. */
export interface Told {
  readonly records: number;
  /** Different people who signed in. */
  readonly signIns: number;
  /** Different people and servers with an ID-JAG, with the access token it became, and with a call that this token made. */
  readonly issued: number;
  readonly redeemed: number;
  readonly called: number;
  readonly refused: number;
  /** New ID-JAGs that were refused because everything is stopped, and for no other reason. */
  readonly stopped: number;
  /** What breaks the chain; absent: nothing does. */
  readonly fault?: ChainFault['fault'];
}

const page = 2000;

/** Reads the whole record, and follows each access from the ID-JAG to the call by what names them. */
export async function readTheRecord({ audit }: Pick<Store, 'audit'>): Promise<Told> {
  const rows: StoredAuditRow[] = [];
  for (;;) {
    const next = await audit.read(rows.at(-1)?.position ?? 0, page);
    if (next.length === 0) break;
    rows.push(...next);
  }
  const [issued, redeemed, called] = [new Map<string, string>(), new Map<string, string>(), new Set<string>()];
  const people = new Set<string | undefined>();
  let [refused, stopped] = [0, 0];
  for (const row of rows) {
    const { kind, domain, outcome, reason, person, server, idJag = '', accessToken = '' } = readRecord(row);
    if (outcome === 'refused') {
      refused += 1;
      if (domain === 'idp' && reason === 'everything_stopped') stopped += 1;
    } else if (kind === 'sign_in') people.add(person);
    else if (kind === 'issuance') issued.set(idJag, `${person} ${server}`);
    else if (kind === 'redemption' && issued.has(idJag)) redeemed.set(accessToken, issued.get(idJag) ?? '');
    else if (kind === 'tool_call' && redeemed.has(accessToken)) called.add(redeemed.get(accessToken) ?? '');
  }
  const fault = verifyChains(rows)?.fault;
  return {
    records: rows.length,
    signIns: people.size,
    issued: new Set(issued.values()).size,
    redeemed: new Set(redeemed.values()).size,
    called: called.size,
    refused,
    stopped,
    ...(fault !== undefined && { fault }),
  };
}
