import type { AuditRecord, RecordKind } from '../../audit/record.ts';
import type { Exported } from './exported.ts';

const chain = { position: 12, node: 'node-1', seq: 7, previousHash: 'before', hash: 'after' };
const base = { v: 2, id: 'd_1', domain: 'idp', timeMs: 1_800_000_000_123, outcome: 'allowed' } as const;

/** One record of each kind, as they are written. */
export const examples: Readonly<Record<RecordKind, AuditRecord>> = {
  sign_in: { ...base, kind: 'sign_in', person: 'u_erin', address: '198.51.100.7', session: 's_1', amr: ['pwd', 'mfa'] },
  sign_out: { ...base, kind: 'sign_out', person: 'u_erin' },
  factor: { ...base, kind: 'factor', person: 'u_erin', detail: 'second factors reset', factor: { kind: 'totp' } },
  decision: {
    ...base,
    kind: 'decision',
    outcome: 'refused',
    reason: 'policy_denied',
    person: 'u_erin',
    client: 'claude-code',
    server: 'tracker',
    scopesAsked: ['issues:write'],
    policy: { kind: 'access', version: 3 },
    decision: { effect: 'deny', because: ['contractors-out'] },
  },
  issuance: {
    ...base,
    kind: 'issuance',
    person: 'u_erin',
    client: 'claude-code',
    server: 'tracker',
    resource: 'https://mcp.acme.example/tracker/mcp',
    scopesGranted: ['issues:read'],
    idJag: 'jag_1',
    correlation: '4bf92f3577b34da6a3ce929d0e0e4736',
  },
  redemption: {
    ...base,
    kind: 'redemption',
    domain: 'ras',
    issuer: 'https://id.acme.example',
    subject: 'sub_1',
    client: 'claude-code',
    server: 'tracker',
    scopesGranted: ['issues:read'],
    idJag: 'jag_1',
    accessToken: 'at_1',
    address: '2001:db8::1',
  },
  revocation: {
    ...base,
    kind: 'revocation',
    domain: 'ras',
    subject: 'sub_1',
    accessToken: 'at_1',
    resource: 'https://r',
  },
  refusal: {
    ...base,
    kind: 'refusal',
    domain: 'ras',
    outcome: 'refused',
    reason: 'id_jag_expired',
    client: 'claude-code',
  },
  tool_call: {
    ...base,
    kind: 'tool_call',
    domain: 'gateway',
    subject: 'sub_1',
    client: 'claude-code',
    server: 'tracker',
    resource: 'https://r',
    method: 'tools/call',
    tool: 'get_issue',
    status: 200,
  },
  policy: { ...base, kind: 'policy', domain: 'admin', policy: { kind: 'access', version: 4 }, detail: 'published' },
  key: { ...base, kind: 'key', domain: 'system', detail: 'id_token key k1 published, on schedule' },
  directory: { ...base, kind: 'directory', source: 'scim:okta', group: 'okta/g1', joined: ['u_erin'] },
  admin: {
    ...base,
    kind: 'admin',
    domain: 'admin',
    person: 'u_erin',
    detail: 'person switched off, by command as root',
  },
  alert: { ...base, kind: 'alert', person: 'u_erin', detail: 'two networks' },
  system: { ...base, kind: 'system', domain: 'system', detail: 'restored' },
};

export function exported(record: AuditRecord): Exported {
  return { ...record, chain };
}

/** What people, clients and upstreams have been known to call themselves. */
export const hostile = [
  'a|b',
  'a=b',
  'a\\',
  'a\nCEF:0|x',
  '=1+1',
  ' @SUM(A1)',
  'a"b,c',
  '\u202egnp.exe',
  '\0',
  '\ud800',
];
