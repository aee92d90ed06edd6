import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { freePorts } from '../../packages/server/src/store/contract/free-ports.ts';
import { type DemoFile, mergeHalves, readDemoFile } from './demo-file.ts';
import { runCredence, type ServerProcess, startServer } from './server-process.ts';

/** Acme up and running for a while, in a temporary folder. */
export interface Installation {
  readonly demo: DemoFile;
  readonly servers: readonly ServerProcess[];
  /** What `credence explain` says about a decision, asked where the decision was taken. */
  explain(decision: string): Promise<string>;
  /** Ends the processes and removes the folder; throws if one of them did not end well. */
  close(): Promise<void>;
}

export interface Options {
  /** Identity provider and resource side as two processes with two homes that share nothing but HTTP. */
  readonly split: boolean;
  readonly tls: boolean;
}

/** Starts the demonstration on free ports in a temporary home, or in two. */
export async function openInstallation({ split, tls }: Options): Promise<Installation> {
  const folder = await mkdtemp(join(tmpdir(), 'credence-demo-'));
  await chmod(folder, 0o711); // started as root, each MCP server runs as a user of its own and has to get through
  const [idpPort, rasPort, adminPort] = await freePorts(3);
  const ports = [`--idp-port=${idpPort}`, `--ras-port=${rasPort}`, `--admin-port=${adminPort}`];
  const common = ['--demo', ...ports, ...(tls ? ['--tls'] : [])];
  const homes = split ? [join(folder, 'idp'), join(folder, 'ras')] : [join(folder, 'home')];
  const servers: ServerProcess[] = [];
  const [idpHome = folder, rasHome = idpHome] = homes;

  const close = async () => {
    const endings = await Promise.all(servers.map((server) => server.stop()));
    await rm(folder, { recursive: true, force: true });
    const bad = endings.find(({ code }) => code !== 0);
    if (bad) throw new Error(`A server ended with ${bad.code ?? 'a signal'}. It said:\n${bad.stdout}${bad.stderr}`);
  };
  try {
    if (split) {
      servers.push(await startServer([...common, '--home', idpHome, '--role', 'idp', '--role', 'admin']));
      const config = tls ? await trustCaOf(idpHome, rasHome) : [];
      servers.push(await startServer([...common, ...config, '--home', rasHome, '--role', 'ras', '--role', 'gateway']));
    } else {
      servers.push(await startServer([...common, '--home', idpHome]));
    }
    const halves = await Promise.all(homes.map(readDemoFile));
    await trustCas(halves.map(({ ca }) => ca));
    const [first, second] = halves;
    if (!first) throw new Error('no demo.json was written');
    return {
      demo: second ? mergeHalves(first, second) : first,
      servers,
      explain: async (decision) => {
        const said = await runCredence(['explain', decision, '--home', idpHome]);
        if (said.code !== 0) throw new Error(`credence explain ${decision} failed: ${said.stderr}`);
        return said.stdout.trim();
      },
      close,
    };
  } catch (error) {
    await close().catch(() => {}); // the first error tells more
    throw error;
  }
}

/** The certificates of development CAs count for this process from now on, beside those it trusted before. */
async function trustCas(files: readonly (string | null)[]): Promise<void> {
  const certificates = await Promise.all(files.filter((file) => file !== null).map((file) => readFile(file, 'utf8')));
  if (certificates.length > 0) setDefaultCACertificates([...getCACertificates('default'), ...certificates]);
}

/** The resource side reads the identity provider's keys over https, so it has to know the CA of the other home. */
async function trustCaOf(idpHome: string, rasHome: string): Promise<string[]> {
  const { ca } = await readDemoFile(idpHome);
  const file = join(rasHome, 'credence.yaml');
  await mkdir(rasHome, { recursive: true, mode: 0o700 });
  await writeFile(file, `egress: { ca: [${JSON.stringify(ca)}] }\n`, { mode: 0o600 });
  return ['--config', file];
}
