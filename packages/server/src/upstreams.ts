import { readFile } from 'node:fs/promises';
import { type JsonObject, parseStrictObject } from '@credence/mcp/protocol';
import { createIssuerKeys } from '@credence/mcp/resource';
import { type AuditRecord, toRow } from './audit/record.ts';
import { eventId } from './call.ts';
import { isDevelopment } from './config-check.ts';
import type { LinkOptions } from './directory/upstream/link.ts';
import type { RelyingParty, UpstreamCredential } from './directory/upstream/relying-party.ts';
import { toUpstreams, type Upstream } from './directory/upstream/settings.ts';
import type { UpstreamOptions } from './idp/sign-in/upstream/options.ts';
import { openSecret } from './keys/key-file.ts';
import { createSeal } from './keys/seal.ts';
import { toFault } from './log.ts';
import { Problem } from './problem.ts';
import { type Parts, toFetchFault } from './roles.ts';
import { StoreConflict } from './store/store.ts';

/** Opens the identity providers of the configuration; `undefined` where there are none, and then nothing of them is loaded. */
export async function openUpstreams(parts: Parts): Promise<UpstreamOptions | undefined> {
  const { config, home, store, egress, log, now } = parts;
  const upstreams = toUpstreams(config.signIn);
  if (upstreams.length === 0) return undefined;
  const { createRelyingParty } = await import('./directory/upstream/relying-party.ts');
  const parties = new Map<string, RelyingParty>();
  for (const upstream of upstreams) {
    const { name } = upstream;
    if (!upstream.provisionedBy) await claim(store, name);
    const party = createRelyingParty(upstream, {
      redirectUri: `${config.idp.issuer}/sign-in/upstream/${name}`,
      credential: await readCredential(upstream),
      egress,
      skewSeconds: config.skewSeconds,
      now,
      allowLoopback: isDevelopment(config),
      onFault: (which, fault) =>
        log.warn({ upstream: which, fault: toUpstreamFault(fault) }, 'an upstream sign-in failed'),
    });
    parties.set(name, party);
  }
  const { keysOf } = createIssuerKeys({
    getJson: egress.getJson,
    now,
    onFault: (issuer, fault) => log.warn({ issuer, ...toFetchFault(fault) }, 'keys of an upstream'),
  });
  return {
    parties,
    seal: createSeal(Buffer.from(await openSecret(home.keysDir, 'upstream'))),
    keysOf: (issuer, header) => keysOf({ issuer, keys: 'discovery' }, header),
  };
}

/** The lines that tell of a person whom a sign-in has brought into the directory, changed or linked there. */
export function directoryRows(nowMs: () => number): LinkOptions['records'] {
  return (change, person, attributes) => {
    const record: AuditRecord = {
      v: 2,
      id: eventId('d_'),
      kind: 'directory',
      domain: 'idp',
      timeMs: nowMs(),
      outcome: 'allowed',
      person,
      detail: `${change} at sign-in${attributes.length > 0 ? `: ${attributes.join(', ')}` : ''}`,
    };
    return [toRow(record)];
  };
}

async function claim(store: Parts['store'], name: string): Promise<void> {
  try {
    await store.directory.claimSource(`upstream:${name}`);
  } catch (fault) {
    if (!(fault instanceof StoreConflict)) throw fault;
    throw new Problem(
      `The name ${name} belongs to another source, such as a SCIM client: group:${name}/... would mean two things.`,
      `Call the upstream something else under sign_in.upstream, or let it sign in the people of scim:${name} with provisioned_by.`,
    );
  }
}

async function readCredential({ name, secretFile, keyFile }: Upstream): Promise<UpstreamCredential> {
  const file = secretFile ?? keyFile ?? '';
  let text: string;
  try {
    text = (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new Problem(
      `The upstream ${name} needs ${file}, which cannot be read: ${(error as Error).message}`,
      'Check the path and its permissions.',
    );
  }
  if (secretFile !== undefined) {
    if (text !== '' && !/\s/.test(text)) return { kind: 'secret', secret: text };
    throw new Problem(`${file} does not hold one secret.`, 'Write the client secret into it, and nothing else.');
  }
  const jwk: JsonObject | undefined = parseStrictObject(text);
  const isKey =
    jwk && typeof jwk.d === 'string' && ['ES256', 'RS256', 'PS256'].some((algorithm) => algorithm === jwk.alg);
  if (isKey) return { kind: 'key', jwk };
  throw new Problem(
    `${file} is not a private JWK.`,
    'It needs d, and alg ES256, RS256 or PS256; kid as registered there.',
  );
}

/** Beside name and place: the code of the protocol library, which names the check and quotes nothing. */
function toUpstreamFault(fault: unknown) {
  const { error, cause } = (fault ?? {}) as { error?: unknown; cause?: { code?: unknown } };
  return {
    ...toFault(fault),
    ...(typeof error === 'string' && { error: error.slice(0, 60) }),
    ...(typeof cause?.code === 'string' && { cause: cause.code }),
  };
}
