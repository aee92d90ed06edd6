import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** `HOME/demo.json`: everything a client has to know to use the demonstration. */
export interface DemoFile {
  readonly idp: { readonly issuer: string };
  readonly ras: { readonly issuer: string };
  readonly admin: { readonly url: string };
  /** PEM file of the development CA, when the servers speak https. */
  readonly ca: string | null;
  readonly users: readonly DemoUser[];
  readonly clients: readonly DemoClient[];
  readonly servers: readonly DemoServer[];
}

export interface DemoUser {
  readonly email: string;
  readonly password: string;
  readonly groups: readonly string[];
  readonly roles: readonly string[];
}

export interface Credentials {
  readonly client_id: string;
  readonly client_secret: string | null;
}

/** A client has one set of credentials in each trust domain; a home that plays one half knows one of them. */
export interface DemoClient {
  readonly name: string;
  readonly redirect_uris: readonly string[];
  readonly idp: Credentials | null;
  readonly ras: Credentials | null;
}

export interface DemoServer {
  readonly name: string;
  readonly resource: string;
  readonly scopes: readonly string[];
  /** A call that works for whoever may use the server. */
  readonly tool: { readonly name: string; readonly arguments: Record<string, unknown> };
}

export async function readDemoFile(home: string): Promise<DemoFile> {
  return JSON.parse(await readFile(join(home, 'demo.json'), 'utf8')) as DemoFile;
}

/** Puts the halves of two homes together: people from the identity provider's, credentials from both. */
export function mergeHalves(idpHalf: DemoFile, rasHalf: DemoFile): DemoFile {
  return {
    ...idpHalf,
    servers: rasHalf.servers,
    clients: idpHalf.clients.map((client) => ({
      ...client,
      ras: client.ras ?? rasHalf.clients.find(({ name }) => name === client.name)?.ras ?? null,
    })),
  };
}

/** The person with this first name, as in `alice`. */
export function userNamed(demo: DemoFile, name: string): DemoUser {
  const user = demo.users.find(({ email }) => email.startsWith(`${name}@`));
  if (!user) throw new Error(`demo.json has no user ${name}`);
  return user;
}

/** A client that is known in both domains. */
export function clientNamed(demo: DemoFile, name: string): { name: string; idp: Credentials; ras: Credentials } {
  const client = demo.clients.find((candidate) => candidate.name === name);
  if (!client?.idp || !client.ras) throw new Error(`demo.json has no client ${name} with credentials in both domains`);
  return { name, idp: client.idp, ras: client.ras };
}

export function serverNamed(demo: DemoFile, name: string): DemoServer {
  const server = demo.servers.find((candidate) => candidate.name === name);
  if (!server) throw new Error(`demo.json has no server ${name}`);
  return server;
}
