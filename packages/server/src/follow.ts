import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createIssuerKeys } from '@credence/mcp/resource';
import { EgressRefused } from './egress.ts';
import type { Followed } from './gateway/follow.ts';
import { verifySignature } from './keys/verify-signature.ts';
import { toFault } from './log.ts';
import { Problem } from './problem.ts';
import type { Parts } from './roles.ts';

const sayAgainMs = 60_000;

/**
 * What a gateway hears of who is cut off, where the RAS is not in this program. `undefined` when nothing is configured: then it
 * takes a token until it expires (SIG-05), unless it shares the database of the RAS, which knows.
 */
export async function openFollowed({
  config,
  inForce,
  edge,
  egress,
  log,
  now,
  measures,
}: Parts): Promise<Followed | undefined> {
  const { issuer } = config.ras;
  const settings = config.gatewayRevocations;
  if (!settings) {
    if (!config.store) log.warn({ ras: issuer, set: 'gateway.revocations' }, deafToAll);
    return undefined;
  }
  const { deafSeconds, whenDeaf, secretFiles } = settings;
  if (whenDeaf === 'accept') {
    log.warn({ ras: issuer }, 'while nothing is heard of who is cut off, whoever is not known to be is let in');
  }
  const { createFollowed } = await import('./gateway/follow.ts');
  const { keysOf } = createIssuerKeys({ getJson: egress.getJson, now, onFault: edge.onFault });
  const saidAtMs = new Map<string, number>();
  const deaf = new Map<string, boolean>();
  measures.meter?.read('credence_gateway_deaf', () => [...deaf].map(([server, is]) => [[server], is ? 1 : 0] as const));
  return createFollowed({
    issuer,
    index: () => inForce.resource(),
    keys: (header) => keysOf({ issuer, keys: 'discovery' }, header),
    deafSeconds,
    whenDeaf,
    verifySignature,
    nowMs: edge.nowMs,
    fetch: (input, init) => egress.stream(String(input), init),
    secretOf: (server) => readSecret(server, secretFiles[server]),
    onDeaf: (server, isDeaf) => {
      deaf.set(server, isDeaf);
      if (!isDeaf) return log.info({ server, ras: issuer }, 'who is cut off is heard again');
      const what = whenDeaf === 'refuse' ? 'requests are refused' : 'requests are let in all the same';
      log.error({ server, ras: issuer }, `nothing is heard of who is cut off: ${what}`);
    },
    onFault(server, fault) {
      if (edge.nowMs() - (saidAtMs.get(server) ?? 0) < sayAgainMs) return; // it is tried again every few seconds
      saidAtMs.set(server, edge.nowMs());
      log.warn({ server, ras: issuer, why: wordsOf(fault), fault: toFault(fault) }, 'the stream of revocations');
    },
  });
}

const deafToAll =
  'this gateway does not hear who is cut off: an access token is taken until it expires, ras.accessTokenSeconds at the RAS (SIG-05)';

/** Only words that are our own are told. */
function wordsOf(fault: unknown): string | undefined {
  const isOurs =
    fault instanceof EgressRefused || fault instanceof Problem || (fault as Error).name === 'StreamRefused';
  return isOurs ? (fault as Error).message : undefined;
}

/** From the file of the configuration, or the service credential of that server. */
async function readSecret(server: string, configured: string | undefined): Promise<string> {
  const credential = `credence-server-${server}`;
  const credentials = process.env.CREDENTIALS_DIRECTORY;
  const file = configured ?? (credentials && join(credentials, credential));
  const help = `Make one at the RAS: credence client secret new ras server:${server}. Name its file under gateway.revocations.secretFiles, or hand it over as service credential ${credential}.`;
  if (file === undefined) throw new Problem(`gateway.revocations: there is no secret for servers.${server}.`, help);
  let secret: string;
  try {
    secret = (await readFile(file, 'utf8')).trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Problem(`gateway.revocations: cannot read the secret of servers.${server}, ${file} (${code}).`, help);
  }
  if (!/^[\x21-\x7e]{1,512}$/.test(secret)) {
    throw new Problem(`gateway.revocations: ${file} does not hold one secret on one line.`, help);
  }
  return secret;
}
