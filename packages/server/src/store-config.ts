import { isIP } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';

/** Where a PostgreSQL is, and how it is spoken to. Paths are absolute; the password stays in its file. */
export interface PostgresSettings {
  /** A name, an address, or the folder of a socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Read at every connection, so that a new password needs no restart. */
  readonly passwordFile: string | undefined;
  /** `undefined` = in the clear, which is for this machine only. */
  readonly tls: { readonly ca: readonly string[] } | undefined;
  /** Connections for reading, at most; three more write. */
  readonly maxReaders: number;
  /** Whether a server without a synchronous standby is refused, or only spoken of where it has copies (T22). */
  readonly standby: 'require' | 'warn';
}

/** Name of the service credential that systemd hands over (`LoadCredential=credence-store-password:...`). */
const credential = 'credence-store-password';

const form = 'postgres://USER@HOST/DATABASE';

const address = z.string(`must be ${form}`).superRefine((text, context) => {
  const problem = problemOf(text);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

/** `store` in `credence.yaml`, as an address or with more to it. Left out: an SQLite file in the home. */
export const StoreSection = z.preprocess(
  (value) => (typeof value === 'string' ? { url: value } : value),
  z.strictObject(
    {
      url: address,
      passwordFile: z.string().min(1).optional(),
      /** Authorities of the server's certificate; those that Node knows where it is left out. */
      ca: z.array(z.string().min(1)).min(1, 'must name at least one file').optional(),
      /** For reading, at most. */
      connections: z.int('must be a whole number').min(2, '2 to 100').max(100, '2 to 100').default(10),
      /** `require`: without a standby that confirms each commit nothing is issued. */
      standby: z.enum(['require', 'warn'], 'must be require or warn').default('warn'),
    },
    { error: ({ code }) => (code === 'invalid_type' ? `must be ${form}, or { url: ... }` : undefined) },
  ),
);

/** @param at - resolves a path of the configuration */
export function toPostgresSettings(
  { url, passwordFile, ca, connections, standby }: z.output<typeof StoreSection>,
  at: (path: string) => string,
): PostgresSettings {
  const { hostname, port, pathname, username, searchParams } = new URL(url);
  const host = searchParams.get('host') ?? hostname.replace(/^\[|\]$/g, '');
  const credentials = process.env.CREDENTIALS_DIRECTORY;
  return {
    host,
    port: port === '' ? 5432 : Number(port),
    database: decodeURIComponent(pathname.slice(1)),
    user: decodeURIComponent(username),
    passwordFile: passwordFile === undefined ? credentials && join(credentials, credential) : at(passwordFile),
    tls: ca === undefined && isThisMachine(host) ? undefined : { ca: (ca ?? []).map(at) },
    maxReaders: connections,
    standby,
  };
}

/** What is wrong with an address, in words that say what to do. */
function problemOf(text: string): string | undefined {
  if (!URL.canParse(text)) return `must be ${form}`;
  const { protocol, hostname, pathname, username, password, searchParams, hash } = new URL(text);
  if (!['postgres:', 'postgresql:'].includes(protocol)) return `must be ${form}`;
  if (password !== '') return 'must not hold the password: put it in a file and name that as passwordFile';
  if (username === '') return `must name the user: ${form}`;
  if (!/^\/[^/]+$/.test(pathname)) return `must name the database: ${form}`;
  const others = [...searchParams.keys()].filter((name) => name !== 'host');
  if (others.length > 0 || hash !== '') {
    return `has ${others[0] ?? hash} in it: only host=/FOLDER is known there; TLS is always verified (see ca)`;
  }
  const socket = searchParams.get('host');
  if (socket !== null && (!socket.startsWith('/') || hostname !== 'localhost')) {
    return 'host= is for the folder of a socket: postgres://USER@localhost/DATABASE?host=/run/postgresql';
  }
  return undefined;
}

function isThisMachine(host: string): boolean {
  return (
    host.startsWith('/') || host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
  );
}
