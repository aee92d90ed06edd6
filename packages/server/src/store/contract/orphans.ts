import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Shown } from '../audit-orphans.ts';
import type { AuditRow, Store, StoredAuditRow } from '../store.ts';
import { type Access, fresh, row } from './fixtures.ts';

/** Finding what was shown and never given out. */
export function orphansContract(access: Access): void {
  describe('orphans', () => {
    const write = (...records: AuditRow[]) => access.store().commit({ marks: [], records });
    /** Looks to the end; the lines that stood alone, and the alerts that were written for them. */
    const look = async (shown: Shown, store: Store = access.store()) => {
      const alone: StoredAuditRow[] = [];
      const alerts: AuditRow[] = [];
      let isMore = true;
      while (isMore) {
        const step = await store.orphans.lookFurther(shown, 3, async (lines) => {
          alone.push(...lines);
          return lines.map(({ idJag, accessToken }) => row({ kind: 'alert', idJag, accessToken }));
        });
        alerts.push(...step.alerts);
        isMore = step.isMore;
      }
      return { alone: alone.map(({ id }) => id), alerts };
    };

    test('begins with what is written from then on', async () => {
      await write(
        row({ kind: 'redemption', idJag: fresh('jti') }),
        row({ kind: 'tool_call', accessToken: fresh('t') }),
      );
      for (const shown of ['id_jag', 'access_token'] as const) assert.deepEqual((await look(shown)).alone, []);
    });

    test('an ID-JAG that was redeemed and not issued, a token that was used and not given: each once', async () => {
      const [jag, token] = [fresh('jti'), fresh('token')];
      const forged = row({ kind: 'redemption', idJag: fresh('jti'), accessToken: fresh('token') });
      const stray = row({ kind: 'tool_call', accessToken: fresh('token') });
      await write(
        row({ kind: 'issuance', idJag: jag }),
        row({ kind: 'redemption', idJag: jag, accessToken: token }),
        row({ kind: 'tool_call', accessToken: token }),
        row({ kind: 'tool_call', accessToken: forged.accessToken }),
        forged,
        stray,
        row({ kind: 'refusal', idJag: fresh('jti') }),
        row({ kind: 'redemption' }),
      );
      const jags = await look('id_jag');
      assert.deepEqual(jags.alone, [forged.id]);
      assert.equal((await access.store().audit.find(jags.alerts[0]?.id ?? ''))?.idJag, forged.idJag);
      assert.deepEqual((await look('access_token')).alone, [stray.id]);
      assert.deepEqual([(await look('id_jag')).alone, (await look('access_token')).alone], [[], []]);
    });

    test('of several that look at once, one writes each alert', async () => {
      const other = await access.another();
      await write(...Array.from({ length: 7 }, () => row({ kind: 'redemption', idJag: fresh('jti') })));
      const found = await Promise.all([look('id_jag'), look('id_jag', other), look('id_jag')]);
      const rest = await look('id_jag');
      const written = [...found, rest].flatMap(({ alerts }) => alerts.map(({ idJag }) => idJag));
      assert.deepEqual([written.length, new Set(written).size], [7, 7]);
    });
  });
}
