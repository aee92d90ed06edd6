// npm run mutate [-- --file PART] [--since REF]: takes each check of the rule files away in turn; some test must fail
// each time. PART is of a path; with REF only rule files are tried that changed since that commit, or whose tests did.
//
// A mutant is put in the place of the file while node loads it, in the process that runs the tests: nothing in the tree
// changes. A mutant is shown to the test files in turn, until one fails; the one that noticed the last mutant comes first,
// unless it takes much longer, then those that have noticed most in their time. Before a file is first asked it is run once as it is, which says what it reaches: what never
// comes to the place of a mutant is not asked. What no test notices is a survivor: a test is missing, or the code says
// something twice. One that cannot matter is listed in equivalent-mutants.json, with the reason.
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import equivalent from './equivalent-mutants.json' with { type: 'json' };
import { getToKnow, type Known, tryMutant } from './mutant-tests.ts';
import { type Mutant, toMutants } from './mutations.ts';

const root = dirname(import.meta.dirname);
process.chdir(root);
process.env.NODE_COMPILE_CACHE ??= join(root, 'node_modules/.cache/compile');

const mcp = (name: string) => `packages/mcp/src/${name}`;
const protocol = (name: string) => mcp(`protocol/${name}`);
const server = (name: string) => `packages/server/src/${name}`;
const toConsole = (name: string) => `packages/console/src/${name}`;
const toSpec = (name: string) => `spec/${name}.test.ts`;
/** A part of what every store promises, asked of one. */
const toStore = (part: string) => `${server('store/sqlite.test.ts')}#^SQLite in a file ${part}`;
/** What the digests of a store tell of somebody who altered it, asked of one. */
const toDigests = (kind: string) =>
  `${server('store/digests.test.ts')}#^T24: what was altered behind our back is not used, ${kind}`;
const gateway = (name: string) => server(`gateway/${name}`);
const issuing = ['exchange', 'targets', 'http', 'dpop', 'log'].map(toSpec);
const redeeming = ['redemption', 'targets', 'keys', 'issuer-keys', 'dpop', 'log'].map(toSpec);
const asking = ['introspection-and-revocation', 'standing-tokens'].map(toSpec);
const leg1 = [toSpec('leg-1')];
const leg2 = [toSpec('leg-2')];
const boundaries = [toSpec('boundaries')];
const keys = [toSpec('keys')];
const dpop = [toSpec('dpop')];
const upstream = ['upstream', 'step-up'].map((name) => server(`idp/sign-in/upstream/${name}.test.ts`));
const secondFactor = ['second-factor', 'security'].map((name) => server(`idp/sign-in/${name}.test.ts`));
const accountLink = server('idp/sign-in/account-link.test.ts');
const provisioning = ['provisioning', 'provisioning-errors', 'provisioning-bulk', 'dialects'].map(toSpec);
const scim = (name: string) => server(`directory/scim/${name}`);
const metadata = [toSpec('client-metadata')];
const certificates = [toSpec('certificates')];
const adminApi = [toSpec('admin-api')];
const adminResources = [toSpec('admin-resources')];
const adminSignIn = [toSpec('admin-sign-in')];

/** The rule files, and the tests to ask in turn: first those beside them, then those most likely to notice. */
const rules: readonly [file: string, ...stages: (readonly string[])[]][] = [
  [protocol('base64url.ts'), [protocol('base64url.test.ts')], leg2],
  [protocol('strict-json.ts'), [protocol('strict-json.test.ts')], keys],
  [protocol('scope.ts'), boundaries, leg1, leg2],
  [protocol('jws.ts'), [protocol('jws.test.ts')], boundaries, leg2, redeeming],
  [protocol('id-jag.ts'), [protocol('id-jag.test.ts')], boundaries, leg1, leg2, redeeming, certificates],
  [protocol('access-token.ts'), [protocol('access-token.test.ts')], boundaries, leg2, dpop, asking, certificates],
  [protocol('dpop.ts'), [protocol('dpop.test.ts')], dpop],
  [mcp('resource/issuer-keys.ts'), [mcp('resource/issuer-keys.test.ts')], [toSpec('issuer-keys')]],
  [
    mcp('resource/fetched.ts'),
    [mcp('resource/fetched.test.ts'), mcp('resource/issuer-keys.test.ts')],
    [toSpec('issuer-keys')],
  ],
  [protocol('lineage.ts'), [protocol('lineage.test.ts')]],
  [mcp('resource/guard.ts'), ['guard', 'proof', 'discovery'].map((name) => mcp(`resource/${name}.test.ts`))],
  [mcp('resource/proof.ts'), ['proof', 'guard'].map((name) => mcp(`resource/${name}.test.ts`))],
  [mcp('resource/challenge.ts'), [mcp('resource/guard.test.ts')]],
  [mcp('resource/get-json.ts'), [mcp('resource/get-json.test.ts')], [mcp('resource/discovery.test.ts')]],
  [mcp('resource/book.ts'), [mcp('resource/book.test.ts')]],
  [gateway('header-agreement.ts'), [gateway('header-agreement.test.ts')], [gateway('gateway.test.ts')]],
  [gateway('message.ts'), [gateway('message.test.ts')], [gateway('gateway.test.ts')]],
  ...['judge', 'tools', 'results'].map((name): [string, string[], string[]] => [
    gateway(`${name}.ts`),
    [gateway('judge.test.ts')],
    [gateway('gateway.test.ts'), gateway('new-version.test.ts')],
  ]),
  [gateway('sse.ts'), [gateway('sse.test.ts')]],
  ...['answer', 'incoming'].map((name): [string, string[], string[]] => [
    gateway(`${name}.ts`),
    [gateway(`${name}.test.ts`)],
    [gateway('gateway.test.ts'), gateway('http-streams.test.ts'), gateway('durable-first.test.ts')],
  ]),
  [gateway('loopback-hop.ts'), [gateway('loopback-hop.test.ts')]],
  [server('keys/key-ring.ts'), [server('keys/key-ring.test.ts')]],
  [server('keys/lifecycle.ts'), [server('keys/lifecycle.test.ts')]],
  [server('store/sweep.ts'), [server('store/sweep.test.ts'), toStore('uses')]],
  ...[
    'pages/decisions/filter-query',
    'pages/decisions/line',
    'pages/decisions/verdict',
    'pages/overview/chart-scale',
    'pages/servers/entry',
    'pages/servers/highest-risk',
    'pages/settings/export-state',
    'pages/settings/trusted',
    'parts/time-words',
    'shell/palette-find',
    'shell/palette-questions',
  ].map((name): [string, string[]] => [toConsole(`${name}.ts`), [toConsole(`${name}.test.ts`)]]),
  [server('changes/plan.ts'), [toSpec('policy-as-code')]],
  [server('changes/author.ts'), [toSpec('second-person')]],
  [
    server('changes/judge.ts'),
    [server('changes/judge.test.ts')],
    [server('changes/drafts.test.ts')],
    [toSpec('admin-drafts'), toSpec('admin-upstreams')],
  ],
  [server('changes/enable-server.ts'), [server('changes/enable-server.test.ts')], [toSpec('admin-enable-server')]],
  [server('changes/guard-server.ts'), [server('changes/guard-server.test.ts')], [toSpec('admin-enable-server')]],
  [server('admin/steps.ts'), [server('admin/steps.test.ts')]],
  [server('policy/diff/moved.ts'), [server('policy/diff/moved.test.ts')]],
  [server('changes/last-used.ts'), [server('changes/last-used.test.ts')]],
  ...['compiled', 'compare', 'counted'].map((name): [string, string[], string[]] => [
    server(`changes/${name}.ts`),
    [server(`changes/${name}.test.ts`)],
    [toSpec('admin-draft-effects')],
  ]),
  [server('policy/to-yaml.ts'), [server('policy/to-yaml.test.ts')]],
  [server('policy/together.ts'), [server('policy/together.test.ts')], [toSpec('never-together')]],
  [server('policy/explain-together.ts'), [server('policy/together.test.ts')]],
  [server('store/held.ts'), [toStore('what a session holds')]],
  [server('store/digests.ts'), [server('store/digests.test.ts')]],
  [server('store/audit-search.ts'), [toStore('auditSearch')]],
  [
    server('store/audit-index.ts'),
    [server('store/recent-lines.test.ts'), toStore('auditSearch'), server('store/audit-search.test.ts')],
  ],
  [server('store/recent-lines.ts'), [server('store/recent-lines.test.ts')]],
  [
    server('store/sqlite-writer.ts'),
    [server('store/sqlite-writer.test.ts'), server('store/recent-lines.test.ts')],
    ['commit', 'what a session holds', 'uses'].map(toStore),
    [`${server('store/sqlite.test.ts')}#^SQLite `],
  ],
  ...['audit-tally', 'audit-terms'].map((name): [string, string[]] => [
    server(`store/${name}.ts`),
    [server(`store/${name}.test.ts`), toStore('auditSearch'), server('store/audit-search.test.ts')],
  ]),
  [server('store/audit-places.ts'), [toStore('auditSearch')]],
  [server('store/audit-orphans.ts'), [server('store/recent-lines.test.ts'), toStore('orphans')]],
  [server('audit/orphans.ts'), [server('audit/trace.test.ts')]],
  [server('record-readers.ts'), [server('record-readers.test.ts')]],
  [server('audit/trace.ts'), [server('audit/trace.test.ts')]],
  [server('cli/when.ts'), [server('cli/when.test.ts')]],
  [server('clients/freshness.ts'), [server('clients/freshness.test.ts')]],
  [server('clients/metadata-document.ts'), metadata],
  [server('clients/remote-clients.ts'), metadata, [toSpec('workload')]],
  [server('clients/watch-clients.ts'), metadata],
  [server('clients/before-epoch.ts'), [server('clients/before-epoch.test.ts')], [toSpec('epoch')]],
  [server('store/move/fence.ts'), [server('store/move/move.test.ts')]],
  [server('clients/workload.ts'), [toSpec('workload')]],
  [server('idp/off/receivers.ts'), [toSpec('off')]],
  [server('idp/off/signal.ts'), [toSpec('off')]],
  [server('idp/off/deliver.ts'), [server('idp/off/deliver.test.ts')], [toSpec('off')]],
  [server('idp/off/telling.ts'), [server('idp/off/telling.test.ts')], [toSpec('off')]],
  [server('idp/off/ungranted.ts'), [toSpec('off')]],
  [server('idp/off/reader.ts'), [server('idp/off/reader.test.ts')], [toSpec('off')]],
  [server('idp/off/follow.ts'), [toSpec('off')]],
  ...['narrowing', 'stop-telling'].map((name): [string, string[], string[]] => [
    server(`idp/off/${name}.ts`),
    [server(`idp/off/${name}.test.ts`)],
    [toSpec('off')],
  ]),
  [
    server('idp/off/watch.ts'),
    ['telling', 'stop-telling'].map((name) => server(`idp/off/${name}.test.ts`)),
    [toSpec('off')],
  ],
  [server('admin/permissions.ts'), [server('admin/permissions.test.ts')], adminApi],
  [server('admin/own-page.ts'), adminApi],
  [server('admin/console-files.ts'), [server('admin/console-files.test.ts')]],
  [toConsole('pages/access/cell-rules.ts'), [toConsole('pages/access/cell-rules.test.ts')]],
  [toConsole('pages/access/cell-target.ts'), [toConsole('pages/access/cell-target.test.ts')]],
  [toConsole('pages/access/conditions.ts'), [toConsole('pages/access/conditions.test.ts')]],
  [toConsole('pages/changes/model.ts'), [toConsole('pages/changes/model.test.ts')]],
  [toConsole('pages/changes/replay-sums.ts'), [toConsole('pages/changes/replay-sums.test.ts')]],
  [toConsole('pages/changes/run-replay.ts'), [toConsole('pages/changes/run-replay.test.ts')]],
  [toConsole('pages/servers/enable-form.ts'), [toConsole('pages/servers/enable-form.test.ts')]],
  [toConsole('data/visible.ts'), [toConsole('data/visible.test.ts')]],
  [toConsole('session/idle.ts'), [toConsole('session/idle.test.ts')]],
  [toConsole('session/sign-in.ts'), [toConsole('session/sign-in.test.ts')]],
  [toConsole('parts/csv.ts'), [toConsole('parts/csv.test.ts')]],
  [server('admin/session-times.ts'), adminApi],
  [server('admin/cookies.ts'), adminApi, adminSignIn],
  [server('admin/sign-in.ts'), adminSignIn],
  [server('admin/first-administrator.ts'), adminSignIn],
  [server('admin/api-tokens.ts'), adminApi],
  [server('admin/api/administrator.ts'), adminApi],
  [server('admin/api/api.ts'), adminApi],
  [server('admin/api/match.ts'), adminApi],
  [server('admin/api/values.ts'), adminApi],
  [server('admin/api/people.ts'), adminResources],
  [server('admin/api/groups.ts'), adminResources],
  [server('admin/api/administrators.ts'), adminResources],
  [server('admin/api/clients.ts'), adminResources],
  [server('admin/secrets.ts'), adminResources],
  [server('policy/audience.ts'), [server('policy/audience.test.ts')], [toSpec('admin-reach')]],
  [server('policy/paths.ts'), [server('policy/paths.test.ts')]],
  [server('policy/path-changes.ts'), [server('policy/paths.test.ts')]],
  [server('admin/reaching.ts'), [server('admin/reaching.test.ts')], [toSpec('admin-reach')]],
  [server('admin/api/reach-people.ts'), [toSpec('admin-reach')]],
  [server('admin/api/reach-unused.ts'), [toSpec('admin-reach')]],
  [server('admin/api/reach-paths.ts'), [toSpec('admin-reach')]],
  [server('admin/csv.ts'), [server('admin/csv.test.ts')]],
  [server('admin/live.ts'), [toSpec('admin-live')]],
  [server('admin/api/live-records.ts'), [toSpec('admin-live')]],
  [server('admin/api/figures.ts'), [toSpec('admin-live')]],
  [server('store/audit-sums.ts'), [server('store/sqlite.test.ts')]],
  [server('store/agent-uses.ts'), [server('store/agent-uses.test.ts'), toStore('uses')]],
  [server('admin/api/names.ts'), [toSpec('admin-resources')]],
  [server('admin/api/zip.ts'), [server('admin/api/zip.test.ts')]],
  [server('admin/probe.ts'), [server('admin/probe.test.ts')], [toSpec('admin-servers')]],
  [server('admin/set-up.ts'), [server('admin/set-up.test.ts')]],
  [server('policy/matrix.ts'), [server('policy/matrix.test.ts')], [toSpec('admin-access')]],
  [server('policy/areas.ts'), [server('policy/areas.test.ts')]],
  [server('policy/lens.ts'), [server('policy/lens.test.ts')], [toSpec('admin-matrix')]],
  [server('admin/matrix-window.ts'), [server('admin/matrix-window.test.ts')], [toSpec('admin-matrix')]],
  [server('admin/in-use.ts'), [server('admin/in-use.test.ts')], [toSpec('admin-matrix')]],
  [server('admin/api/explain-record.ts'), [toSpec('admin-explain')]],
  [server('admin/api/people-names.ts'), [toSpec('admin-explain')]],
  [server('admin/explain.ts'), [toSpec('admin-explain')]],
  [server('policy/missing.ts'), [server('policy/missing.test.ts')], [toSpec('requests')]],
  [server('changes/decide-again.ts'), [toSpec('admin-explain')]],
  [server('changes/requests.ts'), [toSpec('requests')]],
  [server('changes/settle-request.ts'), [toSpec('requests')], [server('idp/sign-in/refused/refused.test.ts')]],
  [server('admin/api/requests.ts'), [toSpec('requests')]],
  [server('store/requests.ts'), [toStore('requests')]],
  [server('audit/refused-call.ts'), [server('idp/sign-in/refused/refused.test.ts')]],
  [server('idp/refused-link.ts'), [toSpec('requests')]],
  [server('idp/sign-in/refused/kind.ts'), [server('idp/sign-in/refused/kind.test.ts')]],
  [server('idp/sign-in/refused/scope-words.ts'), [server('idp/sign-in/refused/scope-words.test.ts')]],
  [server('idp/sign-in/refused/refused.ts'), [server('idp/sign-in/refused/refused.test.ts')]],
  [server('policy/standing.ts'), [server('policy/standing.test.ts')]],
  [server('directory/import/people-table.ts'), [server('directory/import/people-table.test.ts')]],
  [server('admin/api/standing.ts'), [toSpec('admin-people')]],
  [server('admin/api/people-import.ts'), [toSpec('admin-people')]],
  [server('admin/scim-tokens.ts'), adminResources],
  [server('audit/merkle.ts'), [server('audit/merkle.test.ts')]],
  [server('audit/personal.ts'), [server('audit/personal.test.ts')]],
  [server('audit/split-record.ts'), [server('audit/personal.test.ts')]],
  [server('hashing-in-browser.ts'), [server('hashing.test.ts')]],
  [server('audit/pins.ts'), [toSpec('record-verification')]],
  [server('admin/api/record-state.ts'), [toSpec('admin-record')]],
  [server('admin/api/record-export.ts'), [toSpec('admin-record')]],
  [server('admin/api/exports.ts'), [toSpec('admin-record')]],
  [toConsole('pages/audit/verifier.ts'), [toSpec('record-verification')]],
  [toConsole('pages/audit/verify-signature.ts'), [toSpec('record-verification')]],
  [toConsole('pages/audit/lines.ts'), [toConsole('pages/audit/lines.test.ts')]],
  [toConsole('pages/audit/pinned.ts'), [toConsole('pages/audit/pinned.test.ts')]],
  [server('audit/checkpoint.ts'), [server('audit/verification.test.ts'), server('audit/sealer.test.ts')]],
  [server('audit/sealer.ts'), [server('audit/sealer.test.ts')]],
  [server('audit/stored-tree.ts'), [server('audit/sealer.test.ts')]],
  [server('audit/verification.ts'), [server('audit/verification.test.ts')], [toSpec('record')]],
  [server('audit/export-line.ts'), [server('audit/verification.test.ts')]],
  [server('audit/export-lines.ts'), [server('audit/verification.test.ts')], [toSpec('admin-record')]],
  [server('audit/proof.ts'), [server('audit/verification.test.ts')], [toSpec('admin-record')]],
  [server('audit/record-schema.ts'), [server('audit/record-schema.test.ts')]],
  [server('audit/witness.ts'), [server('audit/witness.test.ts')]],
  [server('audit/witness-file.ts'), [server('audit/verification.test.ts')]],
  [server('audit/erase.ts'), [server('audit/erase.test.ts')]],
  [server('form.ts'), [server('form.test.ts')], boundaries],
  [server('store-config.ts'), [server('store-config.test.ts')]],
  [server('store/postgres-error.ts'), [server('store/postgres-error.test.ts')]],
  [server('store/postgres-away.ts'), [server('store/postgres-away.test.ts')]],
  [server('store/schema-steps.ts'), [server('store/schema-steps.test.ts')]],
  [server('store/postgres-confirmed.ts'), [server('store/postgres-confirmed.test.ts')]],
  [
    server('store/postgres-standby.ts'),
    [server('store/postgres-standby.test.ts')],
    [server('store/postgres-failover.test.ts')],
  ],
  [server('store/used-once.ts'), [server('store/used-once.test.ts')]],
  [server('store/digest-set.ts'), [server('store/digest-set.test.ts')]],
  [server('store/migrations/ddl.ts'), [server('store/migrations/ddl.test.ts')], [server('store/postgres.test.ts')]],
  [server('limits.ts'), [server('limits.test.ts')], boundaries],
  [server('egress.ts'), [server('egress.test.ts')], metadata],
  [server('health.ts'), [server('health.test.ts')]],
  [server('clock.ts'), [server('clock.test.ts')]],
  [server('readiness.ts'), [server('readiness.test.ts')]],
  [server('log.ts'), [server('log.test.ts')]],
  [server('request-log.ts'), [server('log.test.ts')]],
  [server('tracing.ts'), [server('tracing.test.ts')]],
  [server('metrics/listener.ts'), [server('metrics/listener.test.ts')]],
  [server('metrics/meter.ts'), [server('metrics/meter.test.ts')]],
  [server('metrics/text.ts'), [server('metrics/meter.test.ts')]],
  [server('listener.ts'), [server('listener.test.ts')], [server('clients/client-certificate.test.ts')], boundaries],
  ...['parse', 'compile', 'access-document', 'resource-document'].map((name): [string, ...string[][]] => [
    server(`policy/${name}.ts`),
    ['parse', 'access-document', 'resource-document'].map((of) => server(`policy/${of}.test.ts`)),
    ['compile', 'trust', 'details', 'references', 'audience'].map((of) => server(`policy/${of}.test.ts`)),
    ['client-proofs', 'grants', 'upstreams', 'together', 'compile-beside'].map((of) => server(`policy/${of}.test.ts`)),
    [toSpec('targets'), toSpec('encryption')],
  ]),
  [server('in-force.ts'), [server('in-force.test.ts')], [toSpec('taken-away'), toSpec('stops')]],
  [server('store/group-commit.ts'), [server('store/group-commit.test.ts'), server('store/sqlite.test.ts')]],
  [server('policy/document-keys.ts'), [server('policy/document-keys.test.ts')]],
  [
    server('policy/document-words.ts'),
    [server('policy/document-words.test.ts')],
    ['parse', 'trust', 'client-proofs', 'grants', 'details'].map((name) => server(`policy/${name}.test.ts`)),
  ],
  [
    server('answer-grant.ts'),
    [server('answer-grant.test.ts'), server('app.test.ts'), toSpec('http')],
    [toSpec('log'), toSpec('taken-away')],
    redeeming,
    leg1,
    [...asking, toSpec('bad-subject-token'), toSpec('step-up')],
    [toSpec('second-person'), toSpec('client-authentication'), toSpec('epoch'), toSpec('stops')],
    [server('tracing.test.ts'), server('log.test.ts')],
  ],
  [
    server('app.ts'),
    [server('app.test.ts'), toSpec('http')],
    leg1,
    leg2,
    asking,
    certificates,
    [toSpec('revocation-stream')],
  ],
  [server('ras/metadata.ts'), leg2, [toSpec('encryption'), toSpec('authorization-details')], certificates, metadata],
  [
    server('clients/authenticate.ts'),
    [server('clients/authenticate.test.ts'), toSpec('client-authentication'), toSpec('workload')],
    metadata,
    [toSpec('epoch')],
    leg1,
    issuing,
    keys,
    certificates,
  ],
  [server('clients/dpop.ts'), dpop, [toSpec('epoch')], leg1, issuing, [toSpec('distributed')]],
  [server('clients/check-certificate.ts'), [server('clients/client-certificate.test.ts')], certificates],
  [server('clients/client-certificate.ts'), [server('clients/client-certificate.test.ts')], certificates],
  [server('clients/certificate-names.ts'), [server('clients/client-certificate.test.ts')], certificates],
  [server('policy/distinguished-name.ts'), [server('policy/distinguished-name.test.ts')]],
  [
    server('policy/client-tls.ts'),
    [server('policy/client-tls.test.ts'), server('policy/parse.test.ts')],
    certificates,
    [server('clients/client-certificate.test.ts')],
  ],
  [
    server('policy/decide.ts'),
    ['decide', 'together', 'conditions', 'details'].map((name) => server(`policy/${name}.test.ts`)),
    [toSpec('sign-in-needs'), server('policy/decide.property.test.ts')],
    leg1,
  ],
  [server('idp/decision-point.ts'), [server('idp/decision-point.test.ts')], [toSpec('circumstances')]],
  [server('policy/hours.ts'), [server('policy/hours.test.ts')]],
  [server('policy/network.ts'), [server('policy/network.test.ts')]],
  [
    server('policy/conditions.ts'),
    [server('policy/conditions.test.ts'), server('policy/grants.test.ts')],
    [server('policy/decide.property.test.ts'), toSpec('circumstances')],
  ],
  [
    server('policy/compile-rules.ts'),
    ['compile-rules', 'decide', 'details', 'compile-beside'].map((name) => server(`policy/${name}.test.ts`)),
  ],
  [protocol('authorization-details.ts'), [server('policy/details.test.ts')], [toSpec('authorization-details')]],
  [protocol('jwe.ts'), [protocol('jwe.test.ts')], [toSpec('encryption')]],
  [server('keys/jwe.ts'), [server('keys/jwe.test.ts')], [toSpec('encryption')]],
  [server('idp/encrypt-id-jag.ts'), [toSpec('encryption')]],
  [server('idp/target.ts'), leg1, [toSpec('targets'), toSpec('authorization-details')], issuing],
  [protocol('security-event.ts'), [protocol('security-event.test.ts')], [toSpec('security-events')]],
  [
    protocol('revocation-frame.ts'),
    [protocol('revocation-frame.test.ts'), mcp('resource/revocations.test.ts')],
    [toSpec('revocation-stream')],
  ],
  [mcp('resource/revocations.ts'), [mcp('resource/revocations.test.ts')]],
  [mcp('resource/revocation-stream.ts'), [mcp('resource/revocations.test.ts')]],
  [server('revocation/streams.ts'), [server('revocation/streams.test.ts')], [toSpec('revocation-stream')]],
  [server('ras/event-stream.ts'), [toSpec('revocation-stream')], [toSpec('stops'), toSpec('epoch')]],
  [server('gateway/follow.ts'), [server('gateway/follow.test.ts')]],
  [server('ras/events.ts'), [server('ras/events.test.ts'), toSpec('security-events')], [toSpec('stops')]],
  [server('stops/judge.ts'), [server('stops/judge.test.ts'), toSpec('stops')]],
  [server('stops/plan.ts'), [server('stops/plan.test.ts')]],
  [server('stops/stop.ts'), [server('stops/plan.test.ts')], [toSpec('stops')]],
  [server('stops/descent.ts'), [server('stops/judge.test.ts'), server('stops/plan.test.ts')]],
  [server('stops/memory.ts'), [server('stops/memory.test.ts')]],
  [server('stops/received.ts'), [server('stops/received.test.ts'), toSpec('stops')], [toSpec('security-events')]],
  ...['widened', 'affected', 'entries', 'merge', 'edits'].map((name): [string, string[]] => [
    server(`policy/diff/${name}.ts`),
    [server('policy/diff/diff.test.ts'), server('policy/compile-beside.test.ts')],
  ]),
  ...['effects', 'person-classes'].map((name): [string, string[]] => [
    server(`policy/diff/${name}.ts`),
    [server('policy/diff/diff.test.ts'), server('policy/diff/effects.property.test.ts')],
  ]),
  [server('policy/upstreams.ts'), [server('policy/upstreams.test.ts')], [toSpec('admin-upstreams')]],
  [server('changes/publish.ts'), [server('changes/drafts.test.ts')], [toSpec('second-person'), toSpec('admin-drafts')]],
  [server('changes/replay.ts'), [toSpec('admin-draft-effects')]],
  [server('documents.ts'), [server('documents.test.ts')]],
  [
    server('changes/drafts.ts'),
    [server('changes/drafts.test.ts')],
    [toSpec('second-person'), toSpec('admin-drafts')],
    [toSpec('admin-upstreams')],
  ],
  [server('changes/people-change.ts'), [toSpec('second-person')]],
  [server('store/drafts.ts'), [toStore('drafts')], [toDigests('SQLite')]],
  [server('policy/diff/same.ts'), [server('policy/diff/same.test.ts')]],
  [server('policy/narrowed.ts'), [server('policy/narrowed.test.ts')]],
  ...['references', 'access-references', 'resource-references'].map((name): [string, string[], string[]] => [
    server(`policy/${name}.ts`),
    ['references', 'parse', 'details'].map((each) => server(`policy/${each}.test.ts`)),
    ['together', 'trust', 'conditions', 'client-proofs'].map((each) => server(`policy/${each}.test.ts`)),
  ]),
  [
    server('policy/compile-resource.ts'),
    ['compile', 'trust', 'details'].map((name) => server(`policy/${name}.test.ts`)),
    leg2,
  ],
  [
    server('policy/explain.ts'),
    [server('policy/explain.test.ts')],
    ['decide', 'decide.property', 'together', 'details', 'conditions'].map((name) => server(`policy/${name}.test.ts`)),
  ],
  [server('policy/read-yaml.ts'), [server('policy/read-yaml.test.ts'), server('policy/parse.test.ts')]],
  [server('policy/ends.ts'), [server('policy/ends.test.ts')], [toSpec('circumstances')]],
  [server('idp/off/endings.ts'), [server('idp/off/endings.test.ts')], [toSpec('off')]],
  ...['cef', 'csv', 'ocsf'].map((name): [string, string[]] => [
    server(`exports/formats/${name}.ts`),
    [server(`exports/formats/${name}.test.ts`)],
  ]),
  [
    server('exports/formats/visible.ts'),
    ['json', 'cef', 'csv'].map((name) => server(`exports/formats/${name}.test.ts`)),
  ],
  [server('audit/prune.ts'), [server('audit/prune.test.ts')]],
  [server('audit/position-before.ts'), [server('audit/prune.test.ts')]],
  [server('exports/exporter.ts'), [server('exports/exporter.test.ts')]],
  [server('exports/webhook.ts'), [server('exports/webhook.test.ts')]],
  [server('exports/webhook-signature.ts'), [server('exports/webhook.test.ts')]],
  [server('exports/syslog-message.ts'), [server('exports/syslog.test.ts')]],
  [server('exports-config.ts'), [server('exports-config.test.ts')]],
  [server('policy/policy-tests.ts'), [server('policy/policy-tests.test.ts')]],
  [server('policy/judge-case.ts'), [server('policy/judge-case.test.ts')]],
  [server('policy/loosened.ts'), [server('policy/loosened.test.ts')]],
  [server('policy/details.ts'), [server('policy/details.test.ts')], [toSpec('authorization-details')]],
  [server('directory/upstream/mapping.ts'), [server('directory/upstream/mapping.test.ts')]],
  [server('directory/upstream/strength.ts'), [server('directory/upstream/strength.test.ts')], upstream],
  [server('directory/upstream/logout-token.ts'), [server('directory/upstream/logout-token.test.ts')]],
  [server('directory/upstream/link.ts'), [server('directory/upstream/link.test.ts')], upstream],
  [server('idp/sign-in/upstream/attempts.ts'), upstream],
  [server('idp/sign-in/upstream/callback.ts'), upstream],
  [server('idp/sign-in/upstream/back-channel.ts'), [server('idp/sign-in/upstream/sign-out.test.ts')]],
  [server('policy/sign-in-levels.ts'), [server('policy/sign-in-levels.test.ts')], [toSpec('step-up')]],
  [server('directory/account-links.ts'), [server('directory/account-links.test.ts')], [accountLink]],
  [server('idp/sign-in/account-link.ts'), [accountLink]],
  [server('idp/sign-in/sign-in-limit.ts'), [server('idp/sign-in/sign-in-limit.test.ts')], secondFactor],
  [
    server('idp/sign-in/devices.ts'),
    [server('idp/sign-in/devices.test.ts'), server('idp/sign-in/sign-in-limit.test.ts')],
  ],
  [server('directory/authenticate.ts'), [server('directory/authenticate.test.ts')]],
  [server('directory/administrators.ts'), [server('directory/administrators.test.ts')]],
  [server('idp/sign-in/help-desk.ts'), [server('idp/sign-in/help-desk.test.ts')]],
  [
    server('idp/sign-in/own-visit.ts'),
    [server('idp/sign-in/help-desk.test.ts'), server('idp/sign-in/security.test.ts')],
  ],
  [server('idp/sign-in/break-glass.ts'), [server('idp/sign-in/break-glass.test.ts')]],
  [server('policy/reach.ts'), [server('policy/reach.test.ts')]],
  [server('idp/sign-in/agents.ts'), [server('idp/sign-in/agents.test.ts')], [server('idp/sign-in/my-agents.test.ts')]],
  [server('idp/sign-in/my-agents.ts'), [server('idp/sign-in/my-agents.test.ts')]],
  [server('directory/totp.ts'), [server('directory/totp.test.ts')]],
  [server('directory/once-codes.ts'), [server('directory/once-codes.test.ts')]],
  [server('directory/passkey.ts'), [server('directory/passkey.test.ts')], secondFactor],
  [server('idp/sign-in/proofs.ts'), secondFactor],
  [server('idp/sign-in/enrolment.ts'), secondFactor],
  [server('idp/sign-in/factor-steps.ts'), secondFactor],
  [server('idp/subject-token.ts'), [server('idp/subject-token.test.ts')], [toSpec('subject-token')], leg1, issuing],
  [
    server('idp/token-exchange.ts'),
    leg1,
    [toSpec('tenants'), toSpec('authorization-details'), toSpec('distributed')],
    [toSpec('encryption')],
    issuing,
    certificates,
    metadata,
    ['epoch', 'stops', 'never-together', 'circumstances', 'refresh-token-subject', 'sign-in-needs'].map(toSpec),
  ],
  [server('idp/subject-refresh-token.ts'), [server('idp/subject-refresh-token.test.ts')]],
  [server('idp/bad-subject-token.ts'), [server('idp/bad-subject-token.test.ts')]],
  [server('idp/network-watch.ts'), [server('idp/network-watch.test.ts'), toSpec('distributed')]],
  [server('idp/sign-in/key-binding.ts'), [server('idp/sign-in/key-binding.test.ts')]],
  [
    server('ras/jwt-bearer.ts'),
    leg2,
    [toSpec('tenants'), toSpec('authorization-details')],
    [toSpec('encryption'), toSpec('interop'), toSpec('reuse')],
    redeeming,
    certificates,
    metadata,
    [toSpec('epoch'), toSpec('stops')],
  ],
  [
    server('ras/account.ts'),
    [toSpec('accounts'), toSpec('tenants'), toSpec('security-events')],
    [toSpec('interop')],
    leg2,
  ],
  [server('ras/own-token.ts'), asking],
  [server('ras/introspection.ts'), asking, certificates, metadata, [toSpec('authorization-details')]],
  [server('ras/revocation.ts'), asking],
  [server('directory/until-written.ts'), [server('directory/until-written.test.ts')]],
  [server('directory/source.ts'), [server('directory/source.test.ts')], provisioning],
  [server('directory/upsert-person.ts'), [server('directory/upsert-person.test.ts')], provisioning],
  [server('policy/grants.ts'), [server('policy/grants.test.ts')]],
  [scim('filter.ts'), [scim('filter.test.ts')], provisioning],
  [scim('match.ts'), [scim('match.test.ts'), scim('patch.test.ts')], provisioning],
  [scim('operations.ts'), [scim('normalize.test.ts'), scim('patch.test.ts')], provisioning],
  [scim('normalize.ts'), [scim('normalize.test.ts'), scim('patch.test.ts')], provisioning],
  [scim('patch.ts'), [scim('patch.test.ts')], provisioning],
  [scim('group.ts'), [scim('normalize.test.ts'), scim('patch.test.ts')], provisioning],
  [scim('user.ts'), [scim('normalize.test.ts')], provisioning],
  [scim('condition.ts'), [scim('condition.test.ts')], provisioning],
  [server('idp/scim/call.ts'), provisioning],
  [server('idp/scim/users.ts'), provisioning],
  [server('idp/scim/groups.ts'), provisioning],
  [server('idp/scim/bulk.ts'), provisioning],
  [server('idp/scim/endpoint.ts'), provisioning],
];

interface Job {
  readonly file: string;
  readonly mutant: Mutant;
  readonly tests: readonly string[];
}

/** What was learnt from the mutants of a file so far. */
interface Learnt {
  last?: Known;
  readonly odds: Map<string, { asked: number; noticed: number }>;
}

process.removeAllListeners('warning'); // Taking types away is called experimental.
const startedAt = Date.now();
const { file: part, since } = parseArgs({ options: { file: { type: 'string' }, since: { type: 'string' } } }).values;
const changed = since === undefined ? undefined : changedSince(since);
const chosen = rules
  .map(([file, ...stages]) => ({ file, tests: [...new Set(stages.flat())] }))
  .filter(
    ({ file, tests }) =>
      file.includes(part ?? '') && (!changed || [file, ...tests].some((each) => changed.has(pathOf(each)))),
  );

const known = new Map<string, Promise<Known>>();
const total = { mutants: 0, listed: 0, survived: 0, stale: 0 };
for (const { file, tests } of chosen) await tryFile(file, tests);

const seconds = Math.round((Date.now() - startedAt) / 1000);
say(`${total.mutants} mutants, ${total.listed} more listed as equivalent, ${total.survived} survived (${seconds} s)`);
const touched = chosen
  .flatMap(({ file, tests }) => [file, ...tests].map(pathOf))
  .filter((path) => statSync(path).mtimeMs > startedAt);
for (const path of new Set(touched)) say(`${path} was changed meanwhile, so nothing can be said`);
const isGood = total.survived + total.stale + touched.length === 0 && (total.mutants > 0 || changed);
process.exitCode = isGood ? 0 : 1;

async function tryFile(file: string, tests: readonly string[]): Promise<void> {
  const from = Date.now();
  const all = toMutants(readFileSync(file, 'utf8'));
  const jobs = all.filter((mutant) => !equivalent.some((each) => isSame(each, file, mutant)));
  const stale = equivalent.filter((each) => each.file === file && !all.some((mutant) => isSame(each, file, mutant)));
  const learnt: Learnt = { odds: new Map() };
  let survived = 0;
  await inLanes(jobs, async (mutant) => {
    if (!(await isNoticed({ file, mutant, tests }, learnt))) survived += 1;
  });
  for (const { before } of stale) say(`equivalent-mutants.json lists what is no mutant of ${file}: ${before}`);
  const listed = all.length - jobs.length;
  say(
    `${file}: ${jobs.length} mutants, ${listed} listed, ${survived} survived (${Math.round((Date.now() - from) / 1000)} s)`,
  );
  total.mutants += jobs.length;
  total.listed += listed;
  total.survived += survived;
  total.stale += stale.length;
}

async function isNoticed({ file, mutant, tests }: Job, learnt: Learnt): Promise<boolean> {
  const { line, before, after } = mutant;
  const first = await know(tests[0] ?? '');
  const { last, odds } = learnt;
  const ahead = last && last.ms < 2 * first.ms ? [last.test] : [];
  let isReached = false;
  for (const test of new Set([...ahead, ...(await inOrder(tests, odds))])) {
    const each = await know(test);
    if (!each.reaches(file, mutant.reachedAt)) continue;
    isReached = true;
    const counted = odds.get(test) ?? { asked: 0, noticed: 0 };
    odds.set(test, counted);
    counted.asked += 1;
    const outcome = await tryMutant(each, file, mutant.source);
    if (outcome === 'passed') continue;
    if (outcome === 'never ended') say(`${file}:${line} never ended in ${test}\n  - ${before}\n  + ${after}`);
    counted.noticed += 1;
    learnt.last = each;
    return true;
  }
  say(`${file}:${line} survived${isReached ? '' : ', since no test comes here'}\n  - ${before}\n  + ${after}`);
  return false;
}

/** First those that were asked before, by the time it takes until one notices; then the others as they are listed. */
async function inOrder(tests: readonly string[], odds: Learnt['odds']): Promise<readonly string[]> {
  const costs = new Map<string, number>();
  for (const [test, { asked, noticed }] of odds) costs.set(test, ((await know(test)).ms * (asked + 1)) / (noticed + 1));
  const costOf = (test: string) => costs.get(test) ?? Number.MAX_VALUE;
  return tests.toSorted((one, other) => costOf(one) - costOf(other));
}

/** Of a test file that fails by itself nothing can be learnt. */
function know(test: string): Promise<Known> {
  const before = known.get(test);
  if (before) return before;
  const first = getToKnow(test).then((each) => {
    if (each.outcome === 'passed') return each;
    say(`${test} ${each.outcome} without any mutant, so nothing can be said`);
    return process.exit(1);
  });
  known.set(test, first);
  return first;
}

/** As many at a time as there are processors: each lane takes the next one that is left. */
async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const lane = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
}

/** Of a part of a test file: of the file. */
function pathOf(test: string): string {
  return test.split('#', 1)[0] ?? test;
}

/** Files that differ from a commit, committed or not. */
function changedSince(ref: string): Set<string> {
  const { status, stdout, stderr } = spawnSync('git', ['diff', '--name-only', ref, '--'], { encoding: 'utf8' });
  if (status === 0) return new Set(stdout.split('\n').filter(Boolean));
  say(stderr.trim());
  return process.exit(2);
}

function isSame(each: { file: string; before: string; after: string }, file: string, mutant: Mutant): boolean {
  return each.file === file && each.before === mutant.before && each.after === mutant.after;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
