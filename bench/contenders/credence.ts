// Credence as `credence serve --role idp --role ras [--workers N]` runs it: the whole program, on SQLite.
import { startServer } from '../../packages/server/src/server.ts';
import { freePort } from '../../packages/server/src/store/contract/free-ports.ts';
import { answerControl, readFixture } from './control.ts';

const ports = { idp: await freePort(), ras: await freePort() };
const server = await startServer(readFixture().home, {
  host: '127.0.0.1',
  idpPort: String(ports.idp),
  rasPort: String(ports.ras),
  workers: process.argv[3],
});
answerControl(ports, () => server.stop());
