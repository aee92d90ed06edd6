import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AuditRecord } from './audit/record.ts';
import type { RefusalLedger } from './audit/refusal-ledger.ts';
import type { Edge } from './edge.ts';
import type { SignInNote } from './idp/sign-in/options.ts';
import { appendSignInNote, writeInOneStep } from './idp-role.ts';
import { createLog } from './log.ts';
import type { AuditRow } from './store/store.ts';
import type { Watch } from './watch.ts';

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

describe('ADR 0025: the break-glass account in the log', () => {
  const note: SignInNote = {
    kind: 'alert',
    outcome: 'allowed',
    address: '192.0.2.1',
    known: true,
    facts: { person: 'u_glass', detail: 'factor removed', breakGlass: true },
  };

  async function logged(given: SignInNote, written: unknown) {
    const lines: string[] = [];
    const decided: string[] = [];
    const rows: AuditRow[] = [];
    const watch: Pick<Watch, 'decided'> = { decided: ({ id }) => decided.push(id) };
    const edge = { nowMs: () => 1, watch } as Partial<Edge> as Edge;
    const log = createLog({ level: 'info', format: 'json' }, { write: (line: string) => lines.push(line) });
    const answer = await writeInOneStep({ edge, log }, given, async (row) => {
      assert.deepEqual(lines, [], 'not before it is done');
      rows.push(row);
      return written;
    });
    assert.equal(answer, written);
    return { lines: lines.map((line) => JSON.parse(line)), decided, rows: rows.map(({ id }) => id) };
  }

  for (const written of [true, undefined]) {
    test(`a line written in one step with a change (${written}) is a warning, once it is done`, async () => {
      const { lines, decided, rows } = await logged(note, written);
      const { level, outcome, address, person, detail, msg } = lines[0];
      assert.deepEqual([lines.length, level, outcome, address], [1, 40, 'allowed', '192.0.2.1']);
      assert.deepEqual([person, detail, msg], ['u_glass', 'factor removed', 'the break-glass account']);
      assert.deepEqual(decided, rows);
    });
  }

  test('what changed nothing is told of nowhere', async () => {
    const { lines, decided, rows } = await logged(note, false);
    assert.deepEqual([lines, decided, rows.length], [[], [], 1]);
  });

  test('and anybody else is not in the log', async () => {
    const { lines, decided } = await logged({ ...note, kind: 'factor', facts: { person: 'u_1' } }, true);
    assert.deepEqual([lines, decided.length], [[], 1]);
  });
});
