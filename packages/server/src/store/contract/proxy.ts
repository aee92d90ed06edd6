import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way over TCP to a server, on 127.0.0.1, that a test can make bad. */
export interface TestProxy {
  readonly port: number;
  /** When somebody connected, in milliseconds that only grow. */
  readonly connectedAtMs: readonly number[];
  /** Connections from now on go there. */
  pointTo(port: number): void;
  /** What is sent either way arrives so much later. */
  delay(milliseconds: number): void;
  /** From now on: passed on; cut and let nobody in; or nothing arrives any more, and nobody is told. */
  be(how: 'open' | 'cut' | 'silent'): void;
  close(): Promise<void>;
}

export async function startProxy(target: number): Promise<TestProxy> {
  const connectedAtMs: number[] = [];
  const sockets = new Set<Socket>();
  let [to, delayMs, state]: [number, number, Parameters<TestProxy['be']>[0]] = [target, 0, 'open'];

  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  const pass = (from: Socket, onto: Socket) => {
    const deliver = (work: () => void) => {
      const later = () => state === 'open' && work(); // what was on its way when it became silent is lost
      if (delayMs > 0) setTimeout(later, delayMs);
      else later();
    };
    from.on('data', (chunk) => deliver(() => onto.writable && onto.write(chunk)));
    from.on('end', () => deliver(() => onto.end()));
    from.on('close', () => state === 'open' && onto.destroy());
  };
  const server = createServer((client) => {
    connectedAtMs.push(performance.now());
    if (state === 'cut') return void client.destroy();
    keep(client);
    if (state === 'silent') return;
    const onward = connect(to, '127.0.0.1');
    keep(onward);
    pass(client, onward);
    pass(onward, client);
  });
  const cutAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    connectedAtMs,
    pointTo(port) {
      to = port;
    },
    delay(milliseconds) {
      delayMs = milliseconds;
    },
    be(how) {
      // What was swallowed cannot be made good: those connections end when the way is open again.
      if (how === 'cut' || state === 'silent') cutAll();
      state = how;
    },
    async close() {
      cutAll();
      server.close();
      await once(server, 'close');
    },
  };
}
