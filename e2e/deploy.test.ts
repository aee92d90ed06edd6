import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { serveCommand } from '../packages/server/src/cli/serve.ts';
import { type Config, readConfig } from '../packages/server/src/config.ts';

const root = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

/** Throws at a flag that `credence serve` does not have, or one without its value. Resolves to the flags. */
function parseServe(words: readonly string[]): Record<string, unknown> {
  const [verb, ...flags] = words;
  assert.equal(verb, 'serve');
  const command = serveCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  let seen: Record<string, unknown> = {};
  command.action((options) => {
    seen = options;
  });
  command.parse([...flags], { from: 'user' });
  return seen;
}

describe('systemd units (threats.md section 4)', () => {
  const hardening: Readonly<Record<string, string>> = {
    NoNewPrivileges: 'yes',
    CapabilityBoundingSet: '',
    AmbientCapabilities: '',
    ProtectSystem: 'strict',
    ProtectHome: 'yes',
    PrivateTmp: 'yes',
    PrivateDevices: 'yes',
    ProtectProc: 'invisible',
    RestrictAddressFamilies: 'AF_INET AF_INET6 AF_UNIX',
    LimitCORE: '0',
    UMask: '0077',
    StateDirectoryMode: '0700',
    LogsDirectoryMode: '0700',
  };

  for (const name of ['credence', 'credence-gateway']) {
    const text = read(`deploy/systemd/${name}.service`);
    const directives = [...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, key = '', value = '']) => [key, value] as const);
    const directive = (key: string) => directives.find(([one]) => one === key)?.[1];

    test(`${name}: hardened, a user and a home of its own`, () => {
      for (const [key, value] of Object.entries(hardening)) assert.equal(directive(key), value, key);
      const filters = directives.filter(([key]) => key === 'SystemCallFilter').map(([, value]) => value);
      assert.deepEqual(filters, ['@system-service', '~@privileged @resources']);
      assert.equal(directive('MemoryDenyWriteExecute'), undefined, 'the JIT could not run');
      assert.equal(directive('User'), name);
      assert.match(read('deploy/systemd/credence.sysusers'), new RegExp(`^u ${name} `, 'm'));
      assert.equal(directive('WorkingDirectory'), `/var/lib/${directive('StateDirectory')}`);
      assert.equal(directive('LogsDirectory'), directive('StateDirectory'));
    });

    test(`${name}: starts what this version has, and waits for it to end`, () => {
      const [binary, ...words] = directive('ExecStart')?.split(' ') ?? [];
      assert.equal(binary, '/usr/bin/credence');
      const flags = parseServe(words);
      assert.equal(flags.home, directive('WorkingDirectory'));
      const roles = flags.role as string[];
      assert.equal(roles.includes('gateway'), name === 'credence-gateway', 'the gateway is apart from keys');
      assert.ok(Number(directive('TimeoutStopSec')) >= 30);
      const known = ['credence-seal', 'credence-server-'];
      for (const [, credential = ''] of text.matchAll(/LoadCredential(?:Encrypted)?=([\w-]+):/g)) {
        assert.ok(
          known.some((one) => credential.startsWith(one)),
          credential,
        );
      }
    });

    const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0;
    test(`${name}: systemd finds no mistake, and an exposure of 2 of 10 at most`, {
      skip: !hasAnalyze && 'no systemd here',
    }, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'credence-unit-'));
      try {
        const file = join(folder, `${name}.service`);
        await writeFile(file, text.replace(/^ExecStart=.*/m, 'ExecStart=/bin/true').replace(/^Documentation=.*/m, ''));
        const verify = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
        assert.equal(verify.stderr.includes(`${name}.service`) ? verify.stderr : '', '');
        const { status, stdout } = spawnSync(
          'systemd-analyze',
          ['security', '--offline=true', '--threshold=20', file],
          { encoding: 'utf8' },
        );
        assert.equal(status, 0, stdout);
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }
});

describe('the container file', () => {
  const text = read('deploy/container/Containerfile');
  const steps = text
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line !== '');
  const last = steps.slice(steps.findLastIndex((line) => line.startsWith('FROM ')));

  test('no base but the one that is given, by whoever builds', () => {
    assert.ok(steps.includes('ARG NODE_IMAGE'), 'without a default that somebody could move');
    const stages = steps.flatMap((line) => / AS (\S+)$/.exec(line)?.[1] ?? []);
    for (const from of steps.filter((line) => line.startsWith('FROM '))) {
      assert.ok(/^FROM \$\{NODE_IMAGE\}/.test(from) || stages.includes(from.split(' ')[1] ?? ''), from);
    }
    assert.match(text, /@sha256:/);
  });

  test('packages by the lockfile, without scripts and without what is for development', () => {
    const installs = steps.filter((line) => /npm (ci|install)/.test(line));
    assert.match(installs[0] ?? '', /npm ci --omit=dev --omit=optional --ignore-scripts/);
    // The stage that builds the console has more; what runs has the packages of the first.
    assert.ok(installs.every((line) => line.includes('npm ci ') && line.includes('--ignore-scripts')));
    assert.deepEqual(
      last.filter((line) => line.startsWith('COPY --from=')),
      [
        'COPY --from=packages /credence/node_modules node_modules',
        'COPY --from=console /credence/packages/server/console packages/server/console',
      ],
    );
    assert.ok(steps.some((line) => line.startsWith('COPY package.json package-lock.json .npmrc ')));
  });

  test('what is copied is there, and let through to the builder', () => {
    const ignored = read('deploy/container/Containerfile.dockerignore');
    for (const line of steps.filter((line) => line.startsWith('COPY ') && !line.includes('--from='))) {
      for (const source of line.split(' ').slice(1, -1)) {
        assert.ok(existsSync(join(root, source)), source);
        assert.ok(
          ignored.split('\n').some((rule) => rule.startsWith('!') && source.startsWith(rule.slice(1))),
          source,
        );
      }
    }
    // Every workspace has its package file there before npm ci asks for it.
    for (const workspace of JSON.parse(read('package.json')).workspaces) {
      assert.ok(steps.includes(`COPY ${workspace}/package.json ${workspace}/`), workspace);
    }
  });

  test('runs as nobody in particular, what this version has', () => {
    assert.ok(last.includes('USER 10001:10001'));
    assert.ok(last.indexOf('USER 10001:10001') > last.findLastIndex((line) => line.startsWith('RUN ')));
    const [node, main] = JSON.parse(last.find((line) => line.startsWith('ENTRYPOINT '))?.slice(11) ?? '[]');
    assert.deepEqual([node, existsSync(join(root, main))], ['node', true]);
    assert.equal(
      parseServe(JSON.parse(last.find((line) => line.startsWith('CMD '))?.slice(4) ?? '[]')).home,
      '/var/lib/credence',
    );
  });
});

// biome-ignore lint/suspicious/noExplicitAny: objects of Kubernetes, of which a test looks at some members
type Resource = any;

describe('the Kubernetes example', () => {
  const documents = parseAllDocuments(read('deploy/kubernetes/credence.yaml'));
  const resources: Resource[] = documents.map((document) => document.toJS());
  const ofKind = (kind: string) => resources.filter((one) => one.kind === kind);
  const named = (kind: string, name: string) => ofKind(kind).find(({ metadata }) => metadata.name === name);
  const configs = new Map<string, Config>();
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credence-kubernetes-'));
    for (const { metadata, data } of ofKind('ConfigMap')) {
      const file = join(folder, `${metadata.name}.yaml`);
      await writeFile(file, data['credence.yaml']);
      configs.set(metadata.name, await readConfig({ config: file }, file));
    }
  });
  after(() => rm(folder, { recursive: true }));

  test('is YAML without mistakes or anything twice', () => {
    for (const { errors, warnings } of documents) assert.deepEqual([...errors, ...warnings], []);
    const names = resources.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    assert.equal(new Set(names).size, names.length);
    for (const { kind, metadata } of resources)
      assert.equal(metadata.namespace, kind === 'Namespace' ? undefined : 'credence');
  });

  test('everybody else is kept out, in both directions', () => {
    const policy = named('NetworkPolicy', 'credence-nobody-else').spec;
    assert.deepEqual(policy, { podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    assert.equal(named('ServiceAccount', 'credence').automountServiceAccountToken, false);
  });

  for (const part of ['idp', 'ras', 'gateway']) {
    const deployment = named('Deployment', `credence-${part}`);
    const pod = deployment.spec.template.spec;
    const [container] = pod.containers;

    test(`${part}: not root, nothing to write but what it needs, no token of the cluster`, () => {
      const { runAsNonRoot, runAsUser, seccompProfile, fsGroupChangePolicy } = pod.securityContext;
      assert.deepEqual([runAsNonRoot, runAsUser, seccompProfile.type], [true, 10001, 'RuntimeDefault']);
      assert.equal(fsGroupChangePolicy, 'OnRootMismatch');
      const { allowPrivilegeEscalation, readOnlyRootFilesystem, capabilities } = container.securityContext;
      assert.deepEqual([allowPrivilegeEscalation, readOnlyRootFilesystem, capabilities.drop], [false, true, ['ALL']]);
      assert.equal(pod.automountServiceAccountToken, false);
      const written = container.volumeMounts
        .filter(({ readOnly }: Resource) => !readOnly)
        .map(({ name }: Resource) => name);
      const folders =
        part === 'gateway' ? ['digest', 'home', 'keys', 'tmp'] : ['audit', 'digest', 'home', 'keys', 'tmp'];
      assert.deepEqual(written.toSorted(), folders);
      assert.match(container.image, /@sha256:[0-9a-f]{64}$/);
    });

    test(`${part}: its configuration is one of this version, and names only what is mounted`, () => {
      const config = configs.get(`credence-${part}`) as Config;
      assert.deepEqual([...config.roles], [part]);
      const mounts = container.volumeMounts.map(({ mountPath }: Resource) => mountPath);
      const isMounted = (file: string) => mounts.some((mount: string) => file.startsWith(`${mount}/`));
      const text = named('ConfigMap', `credence-${part}`).data['credence.yaml'];
      const paths = [...text.matchAll(/\/(?:etc|var)\/[\w./-]+/g)].map(([path]) => path);
      assert.ok(paths.length >= 6);
      const flags = parseServe(container.args);
      for (const path of [...paths, String(flags.home), String(flags.config)]) assert.ok(isMounted(path), path);
      const volumes = new Set(pod.volumes.map(({ name }: Resource) => name));
      for (const { name } of container.volumeMounts) assert.ok(volumes.has(name), name);
      const mounted = pod.volumes.find(({ name }: Resource) => name === 'config').configMap.name;
      assert.equal(mounted, `credence-${part}`);
    });

    test(`${part}: its keys are on a claim of its own; what covers the store, and what seals the record, is where all find it`, () => {
      const { keys } = configs.get(`credence-${part}`) as Config;
      const claimOf = (path: string | undefined) => {
        const mount = container.volumeMounts.find(({ mountPath }: Resource) => path?.startsWith(`${mountPath}/`));
        const volume = pod.volumes.find(({ name }: Resource) => name === mount?.name);
        return volume?.persistentVolumeClaim?.claimName;
      };
      const claims = [keys.folder, keys.digestFolder, keys.auditFolder].map(claimOf);
      const ofRecord = part === 'gateway' ? undefined : 'credence-keys-audit';
      assert.deepEqual(claims, [`credence-keys-${part}`, 'credence-digest', ofRecord]);
      for (const claim of claims) assert.ok(claim === undefined || named('PersistentVolumeClaim', claim));
      assert.equal(keys.sealKeyFile === undefined, part === 'gateway');
    });

    test(`${part}: probes, ports and times agree with the configuration`, () => {
      const config = configs.get(`credence-${part}`) as Config;
      const ports = new Map<string, number>(
        container.ports.map(({ name, containerPort }: Resource) => [name, containerPort]),
      );
      assert.equal(ports.get('https'), part === 'idp' ? config.idp.port : config.ras.port);
      assert.equal(ports.get('metrics'), config.metrics?.port);
      assert.ok(config.tls !== undefined);
      const { startupProbe, readinessProbe, livenessProbe } = container;
      for (const { httpGet } of [startupProbe, readinessProbe, livenessProbe]) {
        assert.deepEqual([httpGet.port, httpGet.scheme], ['https', 'HTTPS']);
      }
      assert.equal(readinessProbe.httpGet.path, '/readyz');
      assert.equal(livenessProbe.httpGet.path, '/healthz', 'a database that is away is no reason to restart');
      const { periodSeconds, failureThreshold, timeoutSeconds } = readinessProbe;
      assert.ok(timeoutSeconds > 2, 'the store is given two seconds');
      assert.ok(config.drainSeconds > periodSeconds * failureThreshold, 'noticed before it closes');
      assert.ok(pod.terminationGracePeriodSeconds > config.drainSeconds + 20);
    });

    test(`${part}: service, budget and policy are about these pods`, () => {
      const { labels } = deployment.spec.template.metadata;
      assert.deepEqual(deployment.spec.selector.matchLabels, labels);
      const service = named('Service', `credence-${part}`).spec;
      assert.deepEqual([service.selector, service.ports[0].targetPort], [labels, 'https']);
      const budget = named('PodDisruptionBudget', `credence-${part}`).spec;
      assert.deepEqual(budget.selector.matchLabels, labels);
      assert.ok(budget.minAvailable < deployment.spec.replicas);
      const policy = named('NetworkPolicy', `credence-${part}`).spec;
      assert.deepEqual(policy.podSelector.matchLabels, labels);
      const metrics = policy.ingress.filter(({ ports }: Resource) =>
        ports.some(({ port }: Resource) => port === 'metrics'),
      );
      assert.equal(metrics.length, 1);
      assert.equal(metrics[0].from.length, 1);
    });
  }
});

test('the page about deploying leads only to what is there', () => {
  const page = read('docs/operate/deploy.md');
  for (const [, target = ''] of page.matchAll(/\]\(([^)#]+)\)/g)) {
    assert.ok(existsSync(join(root, dirname('docs/operate/deploy.md'), target)), target);
  }
});
