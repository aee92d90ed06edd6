import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { Problem } from '../problem.ts';
import { readCertificates } from './pem.ts';

describe('files of authorities', () => {
  const dir = mkdtempSync(join(tmpdir(), 'credence-certificates-'));
  after(() => rmSync(dir, { recursive: true }));
  const [one = '', two = ''] = rootCertificates;
  const fileWith = (text: string) => {
    const file = join(dir, 'ca.pem');
    writeFileSync(file, text);
    return file;
  };

  test('are read as they are, with words between their certificates', async () => {
    const bundle = `# Ours\n${one}\n# Theirs\n${two}\n`;
    assert.deepEqual(await readCertificates('egress.ca', [fileWith(bundle)]), [bundle]);
    assert.deepEqual(await readCertificates('egress.ca', []), []);
  });

  const wrong: [what: string, text: string][] = [
    ['an empty file', ''],
    ['a key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'],
    ['a certificate cut short', one.slice(0, 200)],
    ['a block that is no certificate', `${one}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`],
  ];
  for (const [what, text] of wrong) {
    test(`B: ${what} is refused, with what names it`, async () => {
      const isSo = (error: unknown) =>
        error instanceof Problem && /egress\.ca: .*ca\.pem has no certificate in it, or one/.test(error.message);
      await assert.rejects(readCertificates('egress.ca', [fileWith(text)]), isSo);
    });
  }

  test('one that is not there is refused, with its path', async () => {
    const isSo = (error: unknown) =>
      error instanceof Problem && /store\.ca: cannot read .*nowhere\.pem/.test(error.message);
    await assert.rejects(readCertificates('store.ca', [join(dir, 'nowhere.pem')]), isSo);
  });
});
