import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEgress, type Egress } from '../packages/server/src/egress.ts';
import { createDevelopmentTls } from '../packages/server/src/tls/development-ca.ts';

/** A real https server of somebody else's, and the egress that may reach it as if it were out on the internet. */
export interface TestWeb {
  readonly origin: string;
  /** PEM file of the authority that its certificate is from. */
  readonly caPath: string;
  readonly egress: Egress;
  /** What is answered at each path; changed while it runs. */
  readonly pages: Map<string, Page>;
  /** Every path that was asked for, in order. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** JSON to answer with, an answer in full, or whatever a hostile server does. */
export type Page = { json: object; headers?: Record<string, string> } | RequestListener;

export async function openTestWeb(): Promise<TestWeb> {
  const dir = await mkdtemp(join(tmpdir(), 'web-'));
  const { key, cert, caPath } = await createDevelopmentTls(dir);
  const pages = new Map<string, Page>();
  const asked: string[] = [];
  const server = createServer({ key, cert }, (incoming, outgoing) => {
    const path = incoming.url ?? '';
    asked.push(path);
    const page = pages.get(path);
    if (typeof page === 'function') return page(incoming, outgoing);
    if (!page) return outgoing.writeHead(404, { 'content-type': 'application/json' }).end('{}');
    outgoing.writeHead(200, { 'content-type': 'application/json', ...page.headers }).end(JSON.stringify(page.json));
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const egress = createEgress({
    internalRanges: [],
    allowLoopback: true,
    extraCa: [await readFile(caPath, 'utf8')],
  });
  return {
    origin: `https://localhost:${(server.address() as AddressInfo).port}`,
    caPath,
    egress,
    pages,
    asked,
    close: async () => {
      await egress.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(dir, { recursive: true });
    },
  };
}
