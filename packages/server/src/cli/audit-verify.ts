import { createReadStream } from 'node:fs';
import type { Jwk } from '@credence/mcp/protocol';
import type { Command } from 'commander';
import { toVisibleJson } from '../audit/export-line.ts';
import { exportLines, type Line } from '../audit/export-lines.ts';
import { lookUpFault } from '../audit/look-up.ts';
import { fingerprintOf, parsePins } from '../audit/pins.ts';
import { proveRecord, verifyProof } from '../audit/proof.ts';
import { createVerification, type Findings, type RecordFault } from '../audit/verification.ts';
import { readWitness } from '../audit/witness-file.ts';
import { readKeyFile } from '../keys/key-file.ts';
import { openSeal } from '../keys/seal.ts';
import { toPublicJwk } from '../keys/signer.ts';
import { verifySignature } from '../keys/verify-signature.ts';
import { Problem } from '../problem.ts';
import { findRecord, toPrintable } from './audit.ts';
import { homeOption } from './home-option.ts';
import { readText } from './read-text.ts';
import { type InstallationFlags, readInstallation, withStore } from './with-store.ts';

/** `credence audit verify|prove|key`: whether the record is what was written, for whoever has a key and an export. */
export function addVerifyCommands(audit: Command, setExitCode: (code: number) => void): void {
  audit
    .command('verify')
    .description('verify an export of the record, on any machine; without a file, the record of this installation')
    .argument('[file]', 'what `credence audit export --json` wrote; - for standard input')
    .addOption(homeOption())
    .option('--key <file>', 'public keys that are pinned, as `credence audit key` printed them')
    .option('--witness <file>', 'checkpoints that a witness outside has kept, one a line')
    .option('--proof <file>', 'verify what `credence audit prove` printed instead')
    .option('--json', 'the outcome as one JSON object')
    .addHelpText('after', verifyHelp)
    .action(async (file: string | undefined, options: VerifyOptions) => {
      setExitCode((await verify(file, options)) ? 0 : 1);
    });
  audit
    .command('prove')
    .description('print a proof, as JSON, that a record is in the record: for one who is to see this one and no other')
    .argument('<id>', 'of the record, or the jti of a token')
    .addOption(homeOption())
    .addHelpText('after', '\nExample:\n  credence audit prove d_3qk0Zc9m1o2VtG8xk2b3Wg > proof.json')
    .action((id: string, options: InstallationFlags) => prove(id, options));
  audit
    .command('key')
    .description('print the public keys that sign checkpoints of the record, to be pinned by whoever verifies it')
    .addOption(homeOption())
    .option('--fingerprint', 'what people compare them by instead: the thumbprint of each (RFC 7638)')
    .addHelpText('after', '\nExample:\n  credence audit key > credence-audit-key.json')
    .action(async ({ fingerprint, ...options }: InstallationFlags & { readonly fingerprint?: boolean }) => {
      const keys = await readOwnKeys(options);
      if (fingerprint) for (const key of keys) write(`${fingerprintOf(key)}  ${key.kid}`);
      else write(JSON.stringify({ keys }));
    });
}

const verifyHelp = `
Exit code 0: in order. 1: it is not, and the first line that is wrong is named. 2: something has to be put right first.

Examples:
  credence audit verify record.jsonl --key credence-audit-key.json
  credence audit verify record.jsonl --key credence-audit-key.json --witness /mnt/elsewhere/credence.checkpoints
  credence audit verify --proof proof.json --key credence-audit-key.json`;

interface VerifyOptions extends InstallationFlags {
  readonly key?: string;
  readonly witness?: string;
  readonly proof?: string;
  readonly json?: boolean;
}

async function verify(file: string | undefined, options: VerifyOptions): Promise<boolean> {
  const { key, proof, witness, json } = options;
  if ((file !== undefined || proof !== undefined) && key === undefined) {
    throw new Problem(
      'Nothing is verified without a key that is pinned.',
      'Have it printed where the record is written, keep it, and name it: credence audit key > FILE; --key FILE',
    );
  }
  if (proof !== undefined) return sayProof(await readText(proof), await readPins(key ?? ''), json === true);
  const keys = key === undefined ? await readOwnKeys(options) : await readPins(key);
  const witnessed = witness === undefined ? undefined : await readWitness(() => linesOf(witness));
  const verification = createVerification({ keys, verifySignature, witness: witnessed });

  const run = async (lines: AsyncIterable<Line>) => {
    const progress = showLines(json === true);
    for await (const { text, row } of lines) {
      const fault = (await verification.take(text)) ?? (row && lookUpFault(row, progress.line + 1));
      progress.count();
      if (fault) return fault;
    }
    return verification.end();
  };
  const outcome =
    file === undefined ? await withStore(options, (store) => run(exportLines(store))) : await run(toLines(file));
  return say(outcome, json === true);
}

async function* toLines(file: string): AsyncGenerator<Line> {
  for await (const text of linesOf(file)) yield { text };
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const input = file === '-' ? process.stdin : createReadStream(file, 'utf8');
  try {
    // A lone carriage return or a line separator within a text ends no line.
    let rest = '';
    for await (const chunk of input.setEncoding('utf8')) {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      yield* parts.map((part) => part.replace(/\r$/, '')).filter((part) => part !== '');
    }
    if (rest !== '') yield rest;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new Problem(`Cannot read ${file} (${code}).`, 'Check the path and its permissions.');
  }
}

async function readPins(file: string): Promise<readonly Jwk[]> {
  const keys = parsePins(await readText(file));
  if (keys) return keys;
  throw new Problem(
    `${file} holds no public keys.`,
    'It has to be what `credence audit key` printed, or one JWK with a kid.',
  );
}

async function readOwnKeys(options: InstallationFlags): Promise<readonly Jwk[]> {
  const { home, config } = await readInstallation(options);
  const keys = await readKeyFile(home.auditKeysDir, 'audit', await openSeal(config.keys.sealKeyFile));
  if (keys.length === 0) {
    throw new Problem(
      'There is no key for the record here yet.',
      'It is made when the server first starts; or name one with --key.',
    );
  }
  return keys.map(({ jwk }) => toPublicJwk(jwk));
}

async function prove(id: string, options: InstallationFlags): Promise<void> {
  await withStore(options, async (store) => {
    const proof = await proveRecord(await findRecord(store, id), store.seals);
    if (!proof) {
      throw new Problem(
        'This record is not sealed yet.',
        'The server seals what was written every few seconds: try again then.',
      );
    }
    write(toVisibleJson(proof));
  });
}

async function sayProof(text: string, keys: readonly Jwk[], json: boolean): Promise<boolean> {
  const outcome = await verifyProof(text, keys, verifySignature);
  if (typeof outcome === 'string') {
    write(json ? JSON.stringify({ ok: false, words: outcome }) : `NOT PROVEN: ${outcome}`);
    return false;
  }
  const { record } = outcome.line;
  const sealedAt = new Date(outcome.timeMs).toISOString();
  write(
    json
      ? toVisibleJson({ ok: true, record, sealedAt })
      : `proven: ${record.id}, ${record.kind} of ${new Date(record.timeMs).toISOString()}, is in the record as sealed at ${sealedAt}`,
  );
  return true;
}

function say(outcome: RecordFault | Findings, json: boolean): boolean {
  if ('fault' in outcome) {
    const { line, id, fault, words } = outcome;
    write(
      json
        ? toVisibleJson({ ok: false, line, id, fault, words })
        : `NOT IN ORDER: line ${line}${id === undefined ? '' : ` (${toPrintable(id)})`}: ${toPrintable(words)} [${fault}]`,
    );
    return false;
  }
  const { lines, chains, startedAt, checkpoints, sealedAtMs, unsealed, erased, witnessed } = outcome;
  const sealedAt = sealedAtMs === undefined ? undefined : new Date(sealedAtMs).toISOString();
  if (json) write(JSON.stringify({ ok: true, ...outcome, sealedAt }));
  else {
    write(
      `in order: ${lines} lines of ${chains} chains, ${checkpoints} checkpoints${sealedAt ? `, the last of ${sealedAt}` : ''}`,
    );
    if (startedAt > 0) write(`  it begins behind line ${startedAt}: what stood before is kept no more`);
    if (erased > 0) write(`  ${erased} lines no longer say whom they were about`);
    if (witnessed > 0) write(`  ${witnessed} checkpoints are those that the witness has`);
    if (unsealed > 0) write(`  ${unsealed} lines at the end are not yet sealed: nobody vouches for them so far`);
  }
  return true;
}

function showLines(quiet: boolean) {
  const counted = {
    line: 0,
    count() {
      counted.line += 1;
      if (!quiet && counted.line % 100_000 === 0) process.stderr.write(`${counted.line} lines\n`);
    },
  };
  return counted;
}

function write(line: string): void {
  process.stdout.write(`${line}\n`);
}
