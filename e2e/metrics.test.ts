import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { parse as parseYaml } from 'yaml';
import { connect } from '../examples/acme/agent.ts';
import { clientNamed, serverNamed } from '../examples/acme/demo-file.ts';
import { type Family, families } from '../packages/server/src/metrics/families.ts';
import { type Acme, agentOf, issue, metricsOf, postForm, redeem, secretOf, startAcme, tokenOf } from './harness.ts';

const root = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

/** Of Prometheus; where it is, it judges too. */
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

/** Series by name and labels as written. Throws at a line that Prometheus would not read. */
function parseMetrics(text: string): Map<string, number> {
  const series = new Map<string, number>();
  const value = /(?:-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|\+Inf|NaN)/.source;
  const labels = /(?:\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+\})?/.source;
  const line = new RegExp(`^([a-z_]+${labels}) (${value})$`);
  for (const one of text.split('\n')) {
    if (one === '' || /^# (HELP [a-z_]+ .+|TYPE [a-z_]+ (counter|gauge|histogram))$/.test(one)) continue;
    const [, name, number] = line.exec(one) ?? assert.fail(`not a line of the format: ${one}`);
    assert.ok(name !== undefined && !series.has(name), `twice: ${name}`);
    series.set(name, Number(number));
  }
  return series;
}

async function startMeasured(t: Parameters<typeof startAcme>[0], ...flags: string[]) {
  const acme = await startAcme(t, { extraFlags: ['--metrics-port', '0', ...flags], timeoutMs: 60_000 });
  const text = async () => (await fetch(metricsOf(acme))).text();
  return { acme, text, metrics: async () => parseMetrics(await text()) };
}

/** One ID-JAG, redeemed twice: the second time in vain. */
async function passBothLegs({ demo }: Acme): Promise<void> {
  const { idToken } = await agentOf(demo, 'alice');
  const { idp, ras } = clientNamed(demo, 'claude-code');
  const jag = tokenOf(await issue(demo, serverNamed(demo, 'everything'), idToken, secretOf(idp)));
  tokenOf(await redeem(demo, jag, secretOf(ras)));
  assert.equal((await redeem(demo, jag, secretOf(ras))).status, 400);
}

function workersOf({ server }: Acme): number[] {
  return globSync('/proc/[0-9]*/status').flatMap((file) => {
    try {
      const status = readFileSync(file, 'utf8');
      const isChild = Number(/^PPid:\s*(\d+)$/m.exec(status)?.[1]) === server.pid;
      const isWorker = isChild && readFileSync(file.replace('status', 'cmdline'), 'utf8').includes('workers/worker');
      return isWorker ? [Number(/^Pid:\s*(\d+)$/m.exec(status)?.[1])] : [];
    } catch {
      return []; // has ended meanwhile
    }
  });
}

describe('metrics of a running installation', () => {
  test('count what was asked and decided, at both legs and the gateway, and name nobody', async (t) => {
    const { acme, text, metrics } = await startMeasured(t);
    await passBothLegs(acme);
    const connection = await connect(
      acme.demo,
      serverNamed(acme.demo, 'everything'),
      await agentOf(acme.demo, 'alice'),
    );
    await connection.client.callTool({ name: 'echo', arguments: { message: 'counted' } });
    await connection.client.close();
    await postForm(`${acme.demo.idp.issuer}/token`, { grant_type: 'none' });

    const series = await metrics();
    const at = (name: string) => series.get(name);
    assert.equal(at('credence_requests_total{endpoint="exchange",outcome="ok"}'), 2);
    assert.equal(at('credence_requests_total{endpoint="redeem",outcome="ok"}'), 2);
    assert.equal(at('credence_requests_total{endpoint="redeem",outcome="refused"}'), 1);
    assert.equal(at('credence_requests_total{endpoint="sign_in",outcome="ok"}'), 2);
    assert.equal(at('credence_request_seconds_count{endpoint="exchange"}'), 2);
    assert.equal(at('credence_decisions_total{domain="idp",kind="issuance",outcome="allowed",reason=""}'), 2);
    const replayed = 'domain="ras",kind="refusal",outcome="refused",reason="id_jag_replayed"';
    assert.equal(at(`credence_decisions_total{${replayed}}`), 1);
    assert.equal(at('credence_decisions_total{domain="gateway",kind="tool_call",outcome="allowed",reason=""}'), 1);
    assert.ok((at('credence_gateway_requests_total{server="everything",outcome="ok"}') ?? 0) >= 2);
    assert.ok((at('credence_audit_records_total') ?? 0) >= 6);
    assert.ok((at('credence_store_commit_seconds_count') ?? 0) > 0);
    assert.equal(at('credence_not_ready{reason="store"}'), 0);
    assert.equal(at('credence_policy_version{kind="access"}'), 1);
    assert.ok((at('credence_key_age_seconds{purpose="id_jag"}') ?? -1) >= 0);
    assert.ok((at('process_cpu_seconds_total{process="primary"}') ?? 0) > 0);
    assert.doesNotMatch(await text(), /alice|acme\.example|claude-code|127\.0\.0\.1|::1|eyJ/);

    if (hasPromtool) {
      const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
        input: await text(),
        encoding: 'utf8',
      });
      assert.equal(status, 0, stdout + stderr);
    }
    // Everything that is told is in the table of families, with its labels.
    for (const name of series.keys()) {
      const [bare = ''] = name.split('{');
      const base = bare.replace(/_(bucket|sum|count)$/, '');
      const family = (families as Record<string, Family>)[bare in families ? bare : base];
      assert.ok(family, name);
      const labels = [...name.matchAll(/([a-z_]+)="/g)].map(([, label]) => label).filter((label) => label !== 'le');
      assert.deepEqual(labels, family.labels, name);
    }
  });

  test('are one for all workers, and a worker that is killed takes nothing away', async (t) => {
    const { acme, metrics } = await startMeasured(t, '--workers', '2');
    for (let round = 0; round < 3; round += 1) await passBothLegs(acme);
    const redeemed = 'credence_requests_total{endpoint="redeem",outcome="ok"}';
    const before = await metrics();
    assert.equal(before.get(redeemed), 3);
    assert.equal(before.get('credence_workers'), 2);
    for (const place of ['primary', '1', '2']) assert.ok(before.has(`process_cpu_seconds_total{process="${place}"}`));

    for (const worker of workersOf(acme)) process.kill(worker, 'SIGKILL');
    for (let tries = 0; (await metrics()).get('credence_worker_ends_total') !== 2; tries += 1) {
      assert.ok(tries < 100, 'their end is counted');
      await wait(50);
    }
    const after = await metrics();
    assert.equal(after.get(redeemed), 3);
  });

  test('are nowhere until somebody asks for them', async (t) => {
    const acme = await startAcme(t, { timeoutMs: 60_000 });
    assert.doesNotMatch(acme.server.output(), /metrics/);
    for (const { issuer } of [acme.demo.idp, acme.demo.ras]) {
      assert.notEqual((await fetch(`${issuer}/metrics`)).status, 200);
    }
  });
});

describe('what is written about metrics', () => {
  const page = read('docs/operate/metrics.md');
  const known = Object.entries(families as Record<string, Family>);

  test('the page has each with its type and labels, and no other', () => {
    const rows = [...page.matchAll(/^\| `([a-z_]+)` \| (\w+) \| ?(.*?) ?\| /gm)].map(([, name, type, labels = '']) => [
      name,
      type,
      [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
    ]);
    const expected = known.map(([name, { type, labels }]) => [name, type, [...labels]]);
    assert.deepEqual(rows.toSorted(), expected.toSorted());
  });

  /** Names of ours in an expression that no such series has. */
  const unknownIn = (expression: string) =>
    [...expression.matchAll(/\b(credence_[a-z_]+|process_[a-z_]+)\b/g)]
      .map(([, name = '']) => name)
      .filter((name) => !known.some(([family, { type }]) => namesOf(family, type).includes(name)));
  const namesOf = (family: string, type: string) =>
    type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => family + end) : [family];

  test('alert rules name what there is, and each says what to do', () => {
    const { groups } = parseYaml(read('deploy/prometheus/alerts.yaml'));
    const rules = groups.flatMap(({ rules }: { rules: object[] }) => rules);
    assert.ok(rules.length >= 10);
    for (const { alert, expr, labels, annotations } of rules) {
      assert.deepEqual(unknownIn(expr), [], alert);
      assert.match(labels.severity, /^(page|ticket)$/, alert);
      assert.ok(annotations.summary && annotations.action, alert);
      for (const [, file] of annotations.action.matchAll(/(docs\/[\w/-]+\.md)/g)) assert.ok(read(file), file);
      for (const [, reasons] of expr.matchAll(/reason=~"([^"]+)"/g)) {
        for (const reason of reasons.split('|'))
          assert.match(read('packages/mcp/src/protocol/refusals.ts'), new RegExp(`\\b${reason}:`));
      }
    }
  });

  test('promtool finds no mistake in the rules', { skip: !hasPromtool && 'no promtool here' }, () => {
    const { status, stdout, stderr } = spawnSync(
      'promtool',
      ['check', 'rules', join(root, 'deploy/prometheus/alerts.yaml')],
      { encoding: 'utf8' },
    );
    assert.equal(status, 0, stdout + stderr);
  });

  test('the dashboard names what there is', () => {
    for (const file of globSync('deploy/grafana/*.json', { cwd: root })) {
      const { panels } = JSON.parse(read(file));
      for (const { title, targets } of panels) {
        for (const { expr } of targets) assert.deepEqual(unknownIn(expr), [], title);
      }
    }
  });
});
