// Ports for servers under test. Below those that the system gives to outgoing connections: one of those may be taken by any
// connection of another process between the look and the use, and again while a server that was killed is away.
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** Where the system's own begin; Linux tells, elsewhere it is where IANA begins them (RFC 6335 section 6). */
const systemsFirst = (() => {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/)[0]) || 32_768;
  } catch {
    return 49_152;
  }
})();
const [from, to] = systemsFirst > 12_000 ? [10_000, systemsFirst] : [20_000, 65_536];

/** Ports on loopback nobody listens on now, all different. Somebody else may take one before it is used; that is then said clearly. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  for (let tries = 0; found.size < count; tries++) {
    const port = randomInt(from, to);
    if (!found.has(port) && (await isFree(port))) found.add(port);
    else if (tries > 1000) throw new Error(`Of a thousand ports between ${from} and ${to} hardly one is free.`);
  }
  return [...found];
}

/** One of them. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

/** Whether nobody listens there, on `localhost` or on every address. */
async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, 'localhost');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  await once(server.close(), 'close');
  return true;
}
