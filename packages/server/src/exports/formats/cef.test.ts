import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assert as check, property, string } from 'fast-check';
import { toCef } from './cef.ts';
import { examples, exported, hostile } from './fixtures.ts';

const end = 'cn1=7 cn1Label=seq';

/** What a receiver reads: header fields up to the seventh bare `|`, then values up to the next bare `key=`. */
function parse(line: string): { header: string[]; fields: Map<string, string> } {
  const parts = line.match(/(?:\\.|[^\\|])*(?:\||$)/gs) ?? [];
  const header = parts.slice(0, 7).map((part) => part.replace(/\|$/, '').replace(/\\(.)/g, '$1'));
  const extension = line.slice(parts.slice(0, 7).join('').length);
  const fields = new Map<string, string>();
  for (const [, key = '', value = ''] of extension.matchAll(/(?:^| )(\w+)=((?:\\.|[^\\=])*)(?= \w+=|$)/gs)) {
    fields.set(
      key,
      value.replace(/\\(.)/gs, (_, letter: string) => ({ n: '\n', r: '\r' })[letter] ?? letter),
    );
  }
  return { header, fields };
}

describe('CEF', () => {
  const table: [kind: keyof typeof examples, header: string, says: string][] = [
    ['sign_in', 'sign_in.allowed|sign_in allowed|3', 'suid=u_erin src=198.51.100.7'],
    ['sign_out', 'sign_out.allowed|sign_out allowed|3', 'suid=u_erin'],
    ['factor', 'factor.allowed|factor allowed|3', 'msg=second factors reset'],
    [
      'decision',
      'policy_denied|decision refused|5',
      'cs2=issues:write cs2Label=scopes cs4=contractors-out cs4Label=rules',
    ],
    ['issuance', 'issuance.allowed|issuance allowed|3', 'cs2=issues:read cs2Label=scopes cs5=jag_1 cs5Label=idJag'],
    ['redemption', 'redemption.allowed|redemption allowed|3', 'c6a2=2001:db8::1 c6a2Label=Source IPv6 Address'],
    ['revocation', 'revocation.allowed|revocation allowed|3', 'cs6=at_1 cs6Label=accessToken'],
    ['refusal', 'id_jag_expired|refusal refused|5', 'reason=id_jag_expired cs1=claude-code cs1Label=client'],
    ['tool_call', 'tool_call.allowed|tool_call allowed|3', 'cs3=get_issue cs3Label=tool'],
    ['policy', 'policy.allowed|policy allowed|3', 'cn2=4 cn2Label=policyVersion'],
    ['key', 'key.allowed|key allowed|3', 'msg=id_token key k1 published, on schedule'],
    ['directory', 'directory.allowed|directory allowed|3', 'outcome=allowed'],
    ['admin', 'admin.allowed|admin allowed|3', 'suid=u_erin'],
    ['alert', 'alert.allowed|alert allowed|8', 'msg=two networks'],
    ['system', 'system.allowed|system allowed|3', 'msg=restored'],
  ];
  assert.equal(table.length, Object.keys(examples).length, 'each kind has its answer');
  for (const [kind, header, says] of table) {
    test(kind, () => {
      const line = toCef(exported(examples[kind]));
      assert.ok(
        line.startsWith(`CEF:0|Credence|Credence|1|${header}|cat=${examples[kind].domain} rt=1800000000123 `),
        line,
      );
      assert.ok(line.includes(` ${says}`), line);
      assert.ok(line.includes(end), line);
    });
  }

  test('one line to the letter', () => {
    assert.equal(
      toCef(exported(examples.sign_out)),
      'CEF:0|Credence|Credence|1|sign_out.allowed|sign_out allowed|3|cat=idp rt=1800000000123 externalId=d_1 ' +
        'outcome=allowed suid=u_erin cn1=7 cn1Label=seq flexString2=after flexString2Label=hash deviceExternalId=node-1',
    );
  });

  for (const text of hostile) {
    test(`T32: ${JSON.stringify(text)} stays in its field`, () => {
      const line = toCef(exported({ ...examples.alert, person: text, client: text, detail: text }));
      const { header, fields } = parse(line);
      assert.equal(header.length, 7);
      assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Cs}]/u, 'nothing is invisible');
      const visible = text.replace(/[\0\u202e\ud800]/g, (c) => `\\u{${c.charCodeAt(0).toString(16)}}`);
      const written = /[\0\u202e\ud800]/.test(text) ? visible.replaceAll('\\u', 'u') : text; // the parser takes the backslash
      for (const key of ['suid', 'cs1', 'msg']) assert.equal(fields.get(key), written);
      assert.equal(fields.get('deviceExternalId'), 'node-1');
    });
  }

  test('whatever text: seven fields of a header, one line, and what follows is where it was', () => {
    check(
      property(
        string({ unit: 'grapheme-composite', maxLength: 40 }),
        string({ unit: 'binary', maxLength: 40 }),
        (a, b) => {
          const line = toCef(exported({ ...examples.tool_call, tool: a, detail: b, subject: `${b}|${a}=` }));
          const { header, fields } = parse(line);
          assert.equal(header.length, 7);
          assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Cs}]/u);
          assert.equal(fields.get('cn1'), '7');
          assert.equal(fields.get('deviceExternalId'), 'node-1');
        },
      ),
    );
  });

  test('a long value is cut, never within an escape or a character', () => {
    const { fields } = parse(
      toCef(exported({ ...examples.alert, detail: '='.repeat(5000), client: '😀'.repeat(900) })),
    );
    assert.equal(fields.get('msg')?.length, 1023);
    assert.ok((fields.get('cs1')?.length ?? 0) <= 1023);
    assert.match(fields.get('cs1') ?? '', /^(?:😀)+…$/u);
    assert.equal(fields.get('deviceExternalId'), 'node-1');
    assert.equal(
      parse(toCef(exported({ ...examples.alert, detail: 'x'.repeat(1023) }))).fields.get('msg'),
      'x'.repeat(1023),
    );
  });
});
