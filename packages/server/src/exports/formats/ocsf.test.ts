import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assert as check, property, string } from 'fast-check';
import type { AuditRecord, Facts } from '../../audit/record.ts';
import { examples, exported } from './fixtures.ts';
import { ocsfVersion, toOcsf } from './ocsf.ts';

interface Event extends Record<string, unknown> {
  readonly class_uid: number;
  readonly activity_id: number;
}
const read = (record: AuditRecord): Event => JSON.parse(toOcsf(exported(record)));

/** By class of version 1.2.0: highest activity that has a number, and the members an event must have beyond those of every one. */
const classes: Readonly<
  Record<number, { activities: number; required: readonly string[]; oneOf?: readonly string[] }>
> = {
  2004: { activities: 3, required: ['finding_info'] },
  3001: { activities: 12, required: ['user'] },
  3002: { activities: 6, required: ['user'], oneOf: ['service', 'dst_endpoint'] },
  3003: { activities: 2, required: ['user'], oneOf: ['privileges', 'group'] },
  3004: { activities: 4, required: ['entity'] },
  3005: { activities: 2, required: ['user', 'privileges'] },
  3006: { activities: 6, required: ['group'], oneOf: ['privileges', 'user'] },
  6002: { activities: 4, required: ['app'] },
  6003: { activities: 4, required: ['actor', 'api', 'src_endpoint'] },
};

function checkEvent(event: Event): void {
  const { activities, required, oneOf } = classes[event.class_uid] ?? assert.fail(`class ${event.class_uid}`);
  for (const name of ['metadata', 'time', 'severity_id', 'type_uid', 'category_uid', 'status_id', ...required]) {
    assert.notEqual(event[name], undefined, `${event.class_uid} needs ${name}`);
  }
  if (oneOf) assert.equal(oneOf.filter((name) => event[name] !== undefined).length, 1);
  assert.ok(event.activity_id === 99 || (event.activity_id >= 1 && event.activity_id <= activities));
  assert.equal(event.activity_id === 99, event.activity_name !== undefined, 'other has a name');
  assert.equal(event.type_uid, event.class_uid * 100 + event.activity_id);
  assert.equal(event.category_uid, Math.floor(event.class_uid / 1000));
  assert.equal((event.metadata as { version: string }).version, ocsfVersion);
  const user = event.user as { uid?: string; name?: string } | undefined;
  if (user) assert.ok(user.uid ?? user.name, 'a user is somebody');
}

describe('OCSF', () => {
  const table: [kind: keyof typeof examples, type: number, status: number, severity: number, says: object][] = [
    ['sign_in', 300201, 1, 1, { is_mfa: true, src_endpoint: { ip: '198.51.100.7' }, session: { uid: 's_1' } }],
    ['sign_out', 300202, 1, 1, { user: { uid: 'u_erin', type_id: 1 } }],
    ['factor', 300199, 1, 1, { activity_name: 'second factors reset' }],
    ['decision', 300301, 2, 2, { status: 'Failure', status_code: 'policy_denied', privileges: ['issues:write'] }],
    ['issuance', 300301, 1, 1, { privileges: ['issues:read'], session: { uid: 'jag_1' } }],
    ['redemption', 300301, 1, 1, { user: { uid: 'sub_1', type_id: 1 }, session: { uid: 'at_1' } }],
    ['revocation', 300502, 1, 1, { privileges: ['(whatever policy allows)'], resource: { uid: 'https://r' } }],
    ['refusal', 600399, 2, 2, { activity_name: 'refusal', src_endpoint: { name: 'unknown' } }],
    [
      'tool_call',
      600399,
      1,
      1,
      {
        activity_name: 'tools/call',
        api: { operation: 'get_issue', service: { name: 'tracker' }, response: { code: 200 } },
      },
    ],
    ['policy', 300403, 1, 1, { entity: { name: 'access policy', type: 'Policy', version: '4' } }],
    ['key', 300403, 1, 1, { entity: { name: 'signing key', type: 'Key' } }],
    ['directory', 300603, 1, 1, { group: { uid: 'okta/g1' }, user: { uid: 'u_erin', type_id: 1 } }],
    ['admin', 600399, 1, 1, { activity_name: 'admin', status_detail: 'person switched off, by command as root' }],
    [
      'alert',
      200401,
      1,
      4,
      { is_alert: true, finding_info: { uid: 'd_1', title: 'two networks', created_time: 1_800_000_000_123 } },
    ],
    ['system', 600299, 1, 1, { activity_name: 'restored', app: { name: 'Credence', vendor_name: 'Credence' } }],
  ];
  assert.equal(table.length, Object.keys(examples).length, 'each kind has its answer');
  for (const [kind, type, status, severity, says] of table) {
    test(kind, () => {
      const event = read(examples[kind]);
      checkEvent(event);
      assert.deepEqual([event.type_uid, event.status_id, event.severity_id], [type, status, severity]);
      for (const [name, value] of Object.entries(says)) assert.deepEqual(event[name], value, name);
      assert.deepEqual(event.unmapped, { record: exported(examples[kind]) }, 'nothing is lost');
    });
  }

  test('one event to the letter', () => {
    const { chain } = exported(examples.sign_out);
    assert.deepEqual(read(examples.sign_out), {
      metadata: {
        version: '1.2.0',
        product: { name: 'Credence', vendor_name: 'Credence' },
        uid: 'd_1',
        sequence: 7,
        log_name: 'node-1',
      },
      time: 1_800_000_000_123,
      category_uid: 3,
      class_uid: 3002,
      activity_id: 2,
      type_uid: 300_202,
      severity_id: 1,
      status_id: 1,
      status: 'Success',
      user: { uid: 'u_erin', type_id: 1 },
      service: { name: 'Credence identity provider' },
      unmapped: { record: { ...examples.sign_out, chain } },
    });
  });

  const variants: [name: string, kind: keyof typeof examples, facts: Partial<Facts>, type: number, says: object][] = [
    [
      'taken out of a group',
      'directory',
      { joined: [], left: ['u_bo'] },
      300604,
      { user: { uid: 'u_bo', type_id: 1 } },
    ],
    [
      'several at once',
      'directory',
      { joined: ['u_a'], left: ['u_b'] },
      300403,
      { entity: { name: 'okta/g1', type: 'Group' } },
    ],
    ['a group renamed', 'directory', { joined: [], detail: 'renamed' }, 300699, { activity_name: 'renamed' }],
    ['one factor of several', 'sign_in', { amr: ['pwd'] }, 300201, { is_mfa: false }],
    [
      'by an administrator',
      'factor',
      { by: 'u_dana' },
      300199,
      { actor: { app_name: 'Credence', user: { uid: 'u_dana', type_id: 2 } } },
    ],
    [
      'an agent',
      'tool_call',
      { session: 's_9' },
      600399,
      {
        actor: {
          app_name: 'claude-code',
          app_uid: 'claude-code',
          user: { uid: 'sub_1', type_id: 1 },
          session: { uid: 's_9' },
        },
        resources: [{ uid: 'https://r', name: 'tracker' }],
      },
    ],
    ['joined to a trace', 'alert', { correlation: 'c1' }, 200401, {}],
  ];
  for (const [name, kind, facts, type, says] of variants) {
    test(name, () => {
      const event = read({ ...examples[kind], ...facts });
      checkEvent(event);
      assert.equal(event.type_uid, type);
      for (const [member, value] of Object.entries(says)) assert.deepEqual(event[member], value, member);
      assert.equal((event.metadata as { correlation_uid?: string }).correlation_uid, facts.correlation);
    });
  }

  test('a record of each kind that says next to nothing is still an event of its class', () => {
    for (const { v, id, kind, domain, timeMs, outcome } of Object.values(examples)) {
      checkEvent(read({ v, id, kind, domain, timeMs, outcome }));
    }
  });

  test('server and resource are named where the record names them, and nowhere else', () => {
    for (const kind of ['decision', 'issuance', 'redemption'] as const) {
      assert.deepEqual(read(examples[kind]).dst_endpoint, { svc_name: 'tracker' });
      const { server: _, ...rest } = examples[kind];
      assert.ok(!('dst_endpoint' in read(rest)));
    }
    assert.ok(!('resources' in read(examples.refusal)));
    const { resource: _, ...rest } = examples.revocation;
    assert.ok(!('resource' in read(rest)));
  });

  test('T32: whatever text is in one place, and shows what it is', () => {
    check(
      property(string({ unit: 'binary', maxLength: 40 }), (text) => {
        const line = toOcsf(exported({ ...examples.alert, detail: text, person: text }));
        assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
        assert.equal(JSON.parse(line).finding_info.title, text);
      }),
    );
  });
});
