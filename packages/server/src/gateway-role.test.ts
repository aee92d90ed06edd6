import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AuditRecord } from './audit/record.ts';
import type { From } from './gateway/gateway.ts';
import { appendStranger } from './gateway-role.ts';

describe('what a caller who is refused at the door of the gateway is told', () => {
  const from = {
    server: { id: 'tracker', resource: 'https://mcp.acme.example/tracker/mcp' },
    caller: { subject: 'a_alice', clientId: 'claude-code', id: 'jti-1' },
  } as From;
  const page = (reference: string) => `https://id.acme.example/refused/${reference}`;

  async function told(bulkId: string | undefined, who: From | undefined) {
    const [lines, asked]: [AuditRecord[], string[]] = [[], []];
    const ledger = { count: () => bulkId, flush: async () => undefined };
    const append = async (more: readonly AuditRecord[]) => void lines.push(...more);
    const pageOf = async (_reason: string, _caller: unknown, reference: string) => {
      asked.push(reference);
      return page(reference);
    };
    const answer = await appendStranger({ edge: { ledger, nowMs: () => 1 }, append }, pageOf, 'token_revoked', who);
    return { answer, lines, asked };
  }

  test('whose token was taken back: a line that says whose it was, and the page of that line', async () => {
    const { answer, lines, asked } = await told(undefined, from);
    const [line] = lines;
    assert.deepEqual([line?.person, line?.accessToken, line?.reason], ['a_alice', 'jti-1', 'token_revoked']);
    assert.deepEqual(answer, { reference: line?.id, page: page(line?.id ?? '') });
    assert.deepEqual(asked, [line?.id]);
  });

  test('T27: in a flood it is counted, nothing is read for it, and no link leads nowhere', async () => {
    assert.deepEqual(await told('d_bulk', from), { answer: 'd_bulk', lines: [], asked: [] });
  });

  test('anybody else has no page', async () => {
    const { answer, lines, asked } = await told(undefined, undefined);
    assert.deepEqual(answer, { reference: lines[0]?.id, page: undefined });
    assert.deepEqual(asked, []);
  });
});
