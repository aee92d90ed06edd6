import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AuditFilter } from '../audit-search.ts';
import { factsOf, type TermName } from '../audit-terms.ts';
import { readSaid } from '../recent-lines.ts';
import type { AuditRow, Store } from '../store.ts';
import { type Access, fresh, row } from './fixtures.ts';

/** Searching the record: what is found is what reading all of it finds, whatever is in the index by then. */
export function auditSearchContract(access: Access): void {
  describe('auditSearch', () => {
    const mine = fresh('search');
    const start = 1_700_000_000_000;
    const written: AuditRow[] = [];
    const pick = dice(7);

    /** Lines of a busy hour, of three nodes of which one is an hour ahead; what they say is drawn by lot. */
    const draw = (): AuditRow => {
      const at = start + written.length * 4000 + pick(20_000) + (pick(3) === 0 ? 3_600_000 : 0);
      const outcome = pick(5) === 0 ? 'refused' : 'allowed';
      const scopes = ['issues:read', 'issues:write', 'admin'].slice(pick(3));
      const body = {
        outcome,
        ...(outcome === 'refused' && { reason: ['policy_denied', 'client_unknown'][pick(2)] }),
        ...(pick(2) === 0 && { correlation: `${mine}-trace-${pick(60)}` }),
        ...(pick(2) === 0 ? { scopesGranted: scopes } : { scopesAsked: scopes }),
        ...(pick(20) === 0 && { credential: `${mine}-token-${pick(3)}` }),
      };
      const by = pick(12) === 0 ? `${mine}-admin-${pick(4)}` : undefined;
      const line = row({
        kind: ['issuance', 'redemption', 'tool_call'][pick(3)] as string,
        timeMs: at,
        body: JSON.stringify(body),
        personal: JSON.stringify({ salt: 'x', ...(by && { by }), before: { by: `${mine}-admin-0` } }),
        ...(pick(10) !== 0 && { person: `${mine}-person-${pick(40)}` }),
        client: `${mine}-client-${pick(4)}`,
        server: `${mine}-server-${pick(3)}`,
      });
      written.push(line);
      return line;
    };
    const write = async (count: number) => {
      for (let left = count; left > 0; left -= 100) {
        await access.store().commit({ marks: [], records: Array.from({ length: Math.min(left, 100) }, draw) });
      }
    };

    /** The lines of ours that fit, by reading all of them. */
    const expected = (filter: AuditFilter) =>
      written
        .filter(({ timeMs }) => timeMs >= (filter.fromMs ?? 0) && timeMs < (filter.toMs ?? Number.POSITIVE_INFINITY))
        .filter((line) =>
          Object.entries(filter).every(([name, values]) => {
            if (!Array.isArray(values)) return true;
            return factsOf({ ...line, said: readSaid(line) }).some(
              ([of, value]) => of === (name as TermName) && values.includes(value),
            );
          }),
        )
        .map(({ id }) => id)
        .reverse();

    const search = async (filter: AuditFilter, limit: number): Promise<string[]> => {
      const found: string[] = [];
      let before: number | undefined;
      do {
        const page = await access.store().auditSearch.find(filter, { before, limit });
        assert.ok(page.rows.length <= limit);
        assert.ok(before === undefined || page.next === undefined || page.next < before, 'a page is a step on');
        found.push(...page.rows.map(({ id }) => id));
        before = page.next;
      } while (before !== undefined);
      return found;
    };

    const client = [`${mine}-client-1`];
    const filters: [name: string, filter: AuditFilter][] = [
      ['a client', { client }],
      ['one of two clients', { client: [`${mine}-client-1`, `${mine}-client-2`] }],
      ['a person', { person: [`${mine}-person-3`] }],
      ['a person through a client at a server', { person: [`${mine}-person-3`], client, server: [`${mine}-server-0`] }],
      ['what was refused to a client', { client, outcome: ['refused'] }],
      ['a reason at a server', { server: [`${mine}-server-1`], reason: ['client_unknown'] }],
      ['a scope of a kind', { client, scope: ['issues:read'], kind: ['tool_call'] }],
      ['a correlation id', { correlation: [`${mine}-trace-5`] }],
      ['whoever did it', { by: [`${mine}-admin-1`] }],
      ['whoever did it, of a kind', { by: [`${mine}-admin-2`, `${mine}-admin-3`], kind: ['redemption'] }],
      ['a token', { credential: [`${mine}-token-1`] }],
      ['a token in the hands of somebody', { by: [`${mine}-admin-1`], credential: [`${mine}-token-2`] }],
      ['two that never meet', { client, correlation: [`${mine}-trace-none`] }],
      ['nothing at all', { client, server: [] }],
      ['a client from a time on', { client, fromMs: start + 5_000_000 }],
      ['a client up to a time', { client, toMs: start + 1_000_000 }],
      ['a client within a time', { client, fromMs: start + 1_000_000, toMs: start + 1_600_000 }],
      ['a time alone', { fromMs: start + 1_000_000, toMs: start + 1_100_000 }],
      ['a time before all of it', { toMs: 1_000 }],
      ['a time of which nothing is', { client, fromMs: start + 999_000_000 }],
    ];

    const compare = async () => {
      for (const [name, filter] of filters) {
        for (const limit of [1, 7, 1000]) assert.deepEqual(await search(filter, limit), expected(filter), name);
      }
    };

    test('finds what reading all of it finds, when nothing of it is in the index', async () => {
      await write(300);
      await compare();
    });

    test('and when most of it is, part of it in stretches that two ways in put there at once', async () => {
      await write(1800);
      const other = await access.another();
      for (;;) {
        const counts = await Promise.all([
          access.store().auditSearch.indexFurther(),
          other.auditSearch.indexFurther(),
          access.store().auditSearch.indexFurther(),
        ]);
        if (counts.every((count) => count === 0)) break;
      }
      const { indexed, last } = await access.store().auditSearch.progress();
      assert.ok(indexed > 1000 && last - indexed < 512, `${indexed} of ${last}`);
      await compare();
    });

    test('a line is found right after it was written', async () => {
      const line = row({ client: `${mine}-new`, body: '{"outcome":"allowed"}' });
      await access.store().commit({ marks: [], records: [line] });
      assert.deepEqual(await search({ client: [`${mine}-new`] }, 10), [line.id]);
    });

    test('a person who is forgotten is found by nothing of the index any more', async () => {
      const person = `${mine}-person-3`;
      const { indexed } = await access.store().auditSearch.progress();
      await access.store().auditSearch.forget(person);
      const { rows } = await access.store().auditSearch.find({ person: [person] }, { limit: 1000 });
      assert.ok(rows.every(({ position }) => position > indexed));
      const by = [`${mine}-admin-1`];
      const findDone = async () => (await access.store().auditSearch.find({ by }, { limit: 1000 })).rows;
      assert.ok((await findDone()).some(({ position }) => position <= indexed));
      await access.store().auditSearch.forget(`${mine}-admin-1`);
      assert.ok((await findDone()).every(({ position }) => position > indexed));
    });
  });
}

/** Numbers from 0 up to a bound, the same ones each time. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

/** Puts everything into the index that goes there. */
export async function indexAll({ auditSearch }: Pick<Store, 'auditSearch'>): Promise<void> {
  while ((await auditSearch.indexFurther()) > 0);
}
