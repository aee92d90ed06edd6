import { connect, type TLSSocket } from 'node:tls';
import { hostOf, portOf, type SyslogSettings } from '../exports-config.ts';
import { away, type Destination, type Line } from './destination.ts';
import { toFrame, toSyslogMessage } from './syslog-message.ts';

const most = { lines: 200, bytes: 512 * 1024 };
const gatherMs = 1000;
const patienceMs = 10_000;
/** So long, and three times as long as the way took, a receiver that has hung up already has to make that known. */
const settleMs = 20;

/** What the files named in the configuration hold. */
export interface SyslogMaterial {
  readonly ca: readonly string[] | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/**
 * A syslog receiver over TLS (RFC 5425). Syslog has no answers. What it has is the end of a connection: the receiver must close its
 * side when we close ours (§4.4), and it reads what came before that. So each batch has a connection, resumed where the receiver allows
 * it, and counts as there when the receiver has closed in turn. One that closes before we do has read nothing for certain.
 */
export function syslogDestination(
  { address }: Pick<SyslogSettings, 'address'>,
  { ca, cert, key }: SyslogMaterial,
  ourName: string,
): Destination {
  const host = hostOf(address);
  let session: Buffer | undefined;
  let underWay: TLSSocket | undefined;

  function send(batch: readonly Line[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket: TLSSocket = connect({
        host,
        port: portOf(address),
        minVersion: 'TLSv1.2',
        rejectUnauthorized: true, // and the name is checked
        ...(ca && { ca: [...ca] }),
        ...(cert !== undefined && key !== undefined && { cert, key }),
        ...(session && { session }),
      });
      underWay = socket;
      const startedAt = performance.now();
      let isEnded = false;
      let isClosedThere = false;
      let settling: NodeJS.Timeout | undefined;
      const timer = setTimeout(() => socket.destroy(new Timeout()), patienceMs);
      socket.on('session', (ticket) => {
        session = ticket;
      });
      socket.once('secureConnect', () => {
        const wayMs = performance.now() - startedAt;
        socket.write(batch.map(({ row, text }) => toFrame(toSyslogMessage(row, text, ourName))).join(''), () => {
          settling = setTimeout(end, Math.max(settleMs, 3 * wayMs));
        });
      });
      const end = () => {
        isEnded = true;
        socket.end();
      };
      socket.once('end', () => {
        isClosedThere = isEnded;
      });
      socket.resume(); // nothing is expected, but the end is behind it
      socket.once('error', reject);
      socket.once('close', () => {
        clearTimeout(timer);
        clearTimeout(settling);
        if (isClosedThere) resolve();
        else reject(new Timeout());
      });
    });
  }

  return {
    most,
    gatherMs,
    async send(batch) {
      try {
        await send(batch);
        return { outcome: 'delivered' };
      } catch (error) {
        session = undefined;
        return away(error);
      }
    },
    close: async () => {
      underWay?.destroy();
    },
  };
}

/** No answer in time, or the end came before everything was said. */
class Timeout extends Error {
  override readonly name = 'NoClosing';
}
