import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AuditRecord } from './audit/record.ts';
import type { RefusalLedger } from './audit/refusal-ledger.ts';
import type { Edge } from './edge.ts';
import type { SignInNote } from './idp/sign-in/options.ts';
import { appendSignInNote } from './idp-role.ts';
import { createLog } from './log.ts';

describe('T27: what becomes of a note of the sign-in', () => {
  const note: SignInNote = {
    kind: 'refusal',
    outcome: 'refused',
    address: '192.0.2.1',
    known: true,
    facts: { client: 'portal' },
  };

  const refused = { reason: 'code_not_accepted' } as const;

  async function appended(change: Partial<SignInNote>) {
    const lines: AuditRecord[] = [];
    const counted: Parameters<RefusalLedger['count']>[] = [];
    const ledger = {
      count: (...asked: Parameters<RefusalLedger['count']>) => {
        counted.push(asked);
        return 'd_bulk';
      },
    };
    const edge = { ledger, nowMs: () => 1 } as Partial<Edge> as Edge;
    const append = async (more: readonly AuditRecord[]) => void lines.push(...more);
    const log = createLog();
    const reference = await appendSignInNote({ edge, log, append }, { ...note, ...change });
    return { reference, lines, counted };
  }

  const shared: [name: string, change: Partial<SignInNote>, proven: Parameters<RefusalLedger['count']>[2]][] = [
    ['of a client that has proven itself', refused, { client: 'portal' }],
    ['of a person with a session', { ...refused, facts: { client: 'portal', person: 'u_1' } }, { person: 'u_1' }],
    ['of a stranger', { ...refused, known: false }, undefined],
    ['of a stranger who tries passwords', { known: false, kind: 'sign_in', reason: 'credentials_wrong' }, undefined],
  ];
  for (const [name, change, proven] of shared) {
    test(`a refusal ${name} may share a line`, async () => {
      const { reference, lines, counted } = await appended(change);
      assert.deepEqual([reference, lines, counted.length], ['d_bulk', [], 1]);
      assert.deepEqual(counted[0]?.[2], proven);
    });
  }

  const alone: [name: string, change: Partial<SignInNote>][] = [
    ['what was allowed', { outcome: 'allowed', kind: 'sign_in' }],
    ['what a known person failed at', { kind: 'factor', reason: 'factor_code_wrong' }],
  ];
  for (const [name, change] of alone) {
    test(`${name} has a line of its own`, async () => {
      const { reference, lines, counted } = await appended(change);
      assert.deepEqual([lines.map(({ id }) => id), counted], [[reference], []]);
    });
  }
});
