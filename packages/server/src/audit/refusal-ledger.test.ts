import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Refusal } from '@credence/mcp/protocol';
import type { AuditRecord, RecordDomain } from './record.ts';
import { createRefusalLedger } from './refusal-ledger.ts';

function open(options: { linesPerSecond?: number; burst?: number; perSecond?: number } = {}) {
  const clock = { ms: 1_800_000_000_000 };
  const written: AuditRecord[] = [];
  const counted: string[] = [];
  const disk = { isFull: false };
  let ids = 0;
  const ledger = createRefusalLedger({
    linesPerSecond: options.linesPerSecond ?? 2,
    provenLines: { burst: options.burst ?? 3, perSecond: options.perSecond ?? 1 },
    append: async (record) => {
      if (disk.isFull) throw new Error('disk full');
      written.push(record);
    },
    nowMs: () => clock.ms,
    newId: () => `d_${++ids}`,
    onCounted: (domain, reason) => void counted.push(`${domain} ${reason}`),
  });
  const count = (times: number, domain: RecordDomain, reason: Refusal, proven?: Parameters<typeof ledger.count>[2]) =>
    Array.from({ length: times }, () => ledger.count(domain, reason, proven));
  return { clock, written, counted, disk, ledger, count };
}

describe('T27: refusals do not fill the record', () => {
  test('of strangers so many a second have a line, and the others one together, of all domains', async () => {
    const { clock, written, counted, ledger, count } = open();
    assert.deepEqual(count(3, 'idp', 'client_unknown'), [undefined, undefined, 'd_1']);
    assert.deepEqual(count(2, 'ras', 'client_secret_wrong'), ['d_1', 'd_1']);
    clock.ms += 1000;
    assert.deepEqual(count(1, 'ras', 'client_unknown'), [undefined]);
    await ledger.flush();
    const detail = 'unauthenticated refusals counted in bulk: idp client_unknown: 1, ras client_secret_wrong: 2';
    const common = { v: 2, kind: 'refusal', timeMs: clock.ms, outcome: 'refused' };
    assert.deepEqual(written, [{ ...common, id: 'd_1', domain: 'system', detail }]);
    assert.deepEqual(counted, ['idp client_unknown', 'ras client_secret_wrong', 'ras client_secret_wrong']);
  });

  test('of a client that has proven itself a burst has lines, then so many a second, then one line with its name', async () => {
    const { clock, written, ledger, count } = open();
    assert.deepEqual(count(5, 'ras', 'id_jag_malformed', { client: 'loop' }), [
      ...Array(3).fill(undefined),
      'd_1',
      'd_1',
    ]);
    clock.ms += 2000;
    assert.deepEqual(count(3, 'ras', 'id_jag_expired', { client: 'loop' }), [undefined, undefined, 'd_1']);
    await ledger.flush();
    const detail = 'refusals beyond what gets a line each, counted in bulk: id_jag_malformed: 2, id_jag_expired: 1';
    const common = { v: 2, kind: 'refusal', timeMs: clock.ms, outcome: 'refused' };
    assert.deepEqual(written, [{ ...common, id: 'd_1', domain: 'ras', client: 'loop', detail }]);
  });

  test('no client, person, issuer, tenant or domain takes from the lines of another, and strangers from none', async () => {
    const { written, ledger, count } = open({ linesPerSecond: 0, burst: 1 });
    count(1, 'idp', 'client_unknown');
    for (const [domain, proven] of [
      ['idp', { client: 'one' }],
      ['idp', { client: 'two' }],
      ['ras', { client: 'one' }],
      ['idp', { person: 'one' }],
      ['ras', { issuer: 'one' }],
      ['ras', { issuer: 'one', tenant: 'two' }],
    ] as const) {
      const [line, bulk] = count(2, domain, 'missing_parameter', proven);
      assert.equal(line, undefined);
      assert.ok(bulk);
    }
    await ledger.flush();
    assert.deepEqual(
      written.map(({ id, domain, client, person, issuer, tenant }) => [id, domain, client, person, issuer, tenant]),
      [
        ['d_1', 'system', undefined, undefined, undefined, undefined],
        ['d_2', 'idp', 'one', undefined, undefined, undefined],
        ['d_3', 'idp', 'two', undefined, undefined, undefined],
        ['d_4', 'ras', 'one', undefined, undefined, undefined],
        ['d_5', 'idp', undefined, 'one', undefined, undefined],
        ['d_6', 'ras', undefined, undefined, 'one', undefined],
        ['d_7', 'ras', undefined, undefined, 'one', 'two'],
      ],
    );
  });

  test('nothing is written twice, and nothing where nothing was counted', async () => {
    const { written, ledger, count } = open({ linesPerSecond: 0 });
    await ledger.flush();
    count(1, 'idp', 'client_unknown');
    await ledger.flush();
    await ledger.flush();
    assert.equal(written.length, 1);
    assert.deepEqual(count(1, 'idp', 'client_unknown'), ['d_2'], 'the next one has an id of its own');
  });

  test('what could not be written is written later: under the id that callers were told', async () => {
    const { written, disk, ledger, count } = open({ linesPerSecond: 0, burst: 1, perSecond: 0 });
    count(2, 'idp', 'client_unknown');
    count(3, 'ras', 'id_jag_expired', { client: 'loop' });
    disk.isFull = true;
    await assert.rejects(ledger.flush(), /disk full/);
    assert.deepEqual(count(1, 'idp', 'client_unknown'), ['d_1']);
    disk.isFull = false;
    await ledger.flush();
    assert.deepEqual(
      written.map(({ id, detail }) => [id, detail?.split('bulk: ')[1]]),
      [
        ['d_1', 'idp client_unknown: 3'],
        ['d_2', 'id_jag_expired: 2'],
      ],
    );
  });

  test('what is counted while it is being written is not lost either', async () => {
    const { ledger, count, disk, written } = open({ linesPerSecond: 0 });
    count(2, 'idp', 'client_unknown');
    disk.isFull = true;
    const failing = ledger.flush();
    assert.deepEqual(count(1, 'ras', 'client_unknown'), ['d_2']);
    await assert.rejects(failing);
    disk.isFull = false;
    await ledger.flush();
    assert.deepEqual(
      written.map(({ id, detail }) => [id, detail?.split('bulk: ')[1]]),
      [['d_2', 'ras client_unknown: 1, idp client_unknown: 2']],
    );
  });
});
