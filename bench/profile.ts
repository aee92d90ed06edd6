import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Series, writeBodies } from './bodies.ts';
import { startContender } from './contender.ts';
import type { Fixture } from './fixture.ts';
import { measureOnce, type Plan } from './measure.ts';

/** Share of one part of the work in the busy time of Credence, 0 to 1, the largest first. */
export type Shares = readonly (readonly [area: string, share: number])[];

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** What a frame belongs to, by its file. The innermost frame that is named here gets the sample. */
const areas: readonly (readonly [area: string, files: RegExp])[] = [
  ['signatures', /^node:internal\/crypto\/(sig|keys)|keys\/(signer|verify-signature)\.ts$/],
  ['hashes and random numbers', /^node:internal\/crypto\/(hash|random)/],
  ['SQLite: reads', /store\/(sqlite-reads|people|accounts|artifacts)\.ts$/],
  ['SQLite: marks and records, committed in groups, the wait for the disk included', /server\/src\/store\//],
  ['tokens: base64url, JSON, claims', /packages\/mcp\/src\//],
  ['policy', /server\/src\/policy\//],
  ['the rest of our code: form, client, record, answer', /packages\/server\/src\//],
  [
    'Request and Response objects, routing: hono and its adapter, web streams',
    /node_modules\/(hono|@hono)\/|^node:internal\/(deps\/undici|webstreams)/,
  ],
  ['HTTP: node:http and sockets', /^node:(_http|http|net|internal\/(http|stream_base|streams|timers)|_http_)/],
];
const rest = 'the rest of Node';

/** Takes a CPU profile of a warm Credence under one kind of load, in a process of its own: taking it costs time. */
export async function profileCredence(series: Series, plan: Plan, fixture: Fixture): Promise<Shares> {
  const name = `${series.grant}.cpuprofile`;
  const flags = ['--cpu-prof', `--cpu-prof-dir=${fixture.dir}`, `--cpu-prof-name=${name}`];
  const credence = await startContender('credence', join(fixture.dir, 'fixture.json'), { flags });
  const bodies = join(fixture.dir, 'bodies.txt');
  try {
    for (const seconds of [plan.seconds, plan.seconds]) {
      await writeBodies(bodies, seconds * 9000, series, fixture);
      await measureOnce(credence, series, bodies, { ...plan, seconds });
      await rm(bodies);
    }
  } finally {
    await credence.stop();
  }
  const profile = JSON.parse(await readFile(join(fixture.dir, name), 'utf8')) as CpuProfile;
  return toShares(profile, plan.seconds);
}

/** Shares within the last seconds of a profile: what came before was start and warming up. */
export function toShares({ nodes, samples, timeDeltas }: CpuProfile, seconds: number): Shares {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parentOf = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const areaOf = (id: number): string | undefined => {
    const frame = byId.get(id)?.callFrame;
    if (frame?.functionName === '(idle)') return undefined;
    if (frame?.functionName === '(garbage collector)') return 'garbage collection';
    for (let at: number | undefined = id; at !== undefined; at = parentOf.get(at)) {
      const url = byId.get(at)?.callFrame.url ?? '';
      const found = areas.find(([, files]) => files.test(url));
      if (found) return found[0];
    }
    return rest;
  };

  const spent = new Map<string, number>();
  let left = seconds * 1e6;
  let busy = 0;
  for (let at = samples.length - 1; at >= 0 && left > 0; at -= 1) {
    const delta = timeDeltas[at] ?? 0;
    left -= delta;
    const area = areaOf(samples[at] ?? 0);
    if (area === undefined) continue;
    spent.set(area, (spent.get(area) ?? 0) + delta);
    busy += delta;
  }
  return [...spent].map(([area, micros]) => [area, micros / busy] as const).sort((a, b) => b[1] - a[1]);
}
