import { grantType, type Refusal, type RefusalRow, refusalRow, refusals } from '@credence/mcp/protocol';
import { Command } from 'commander';
import { recompute } from '../admin/explain.ts';
import { toVisibleJson } from '../audit/export-line.ts';
import { type ReadRecord, readRecord } from '../audit/personal.ts';
import type { AuditRecord } from '../audit/record.ts';
import { type BadSubjectToken, toExchangeCode } from '../idp/bad-subject-token.ts';
import type { Explanation, RuleExplanation } from '../policy/explain.ts';
import { findRecord, toPrintable } from './audit.ts';
import { configOption, homeOption } from './home-option.ts';
import { readInstallation, readIssuers, withStore } from './with-store.ts';

/** `credence explain ID`: who asked for what, what was decided and why, and what would have to be different. */
export function explainCommand(): Command {
  return new Command('explain')
    .description('explain a decision: who asked for what, which rule spoke, what failed first, what would change it')
    .argument('<id>', 'the reference of a refusal (d_...), or the jti of an ID-JAG or access token')
    .addOption(homeOption())
    .addOption(configOption())
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nExample:\n  credence explain d_3qk0Zc9m1o2VtG8xk2b3Wg')
    .action((id: string, options: { home: string; config?: string; json?: boolean }) =>
      withStore(options, async (store) => {
        const issuers = await readIssuers(options);
        const { badSubjectToken } = (await readInstallation(options)).config.idp;
        const record = readRecord(await findRecord(store, id));
        const explanation = await recompute(store, record, issuers);
        const { email, name } = (record.person && (await store.people.find(record.person))) || {};
        if (options.json) process.stdout.write(`${toVisibleJson({ record, explanation })}\n`);
        else
          process.stdout.write(
            `${toStory({ record, explanation, person: email ?? name, badSubjectToken })
              .map(toPrintable)
              .join('\n')}\n`,
          );
      }),
    );
}

interface Story {
  readonly record: ReadRecord;
  readonly explanation: Explanation | undefined;
  readonly person: string | undefined;
  readonly badSubjectToken: BadSubjectToken;
}

function toStory({ record, explanation, person, badSubjectToken }: Story): string[] {
  return [
    `${record.id}  ${new Date(record.timeMs).toISOString()}  ${record.outcome}`,
    '',
    'Asked',
    ...toAsked(record, person),
    '',
    'Decided',
    ...toDecided(record, badSubjectToken),
    ...(explanation ? ['', 'Why', ...toWhy(explanation)] : []),
    '',
    'What would it take',
    ...toWayOut(record, explanation),
  ];
}

function toAsked(record: ReadRecord, person: string | undefined): string[] {
  const { inputs } = record;
  const rows: [label: string, value: string | undefined][] = [
    ['who', record.erased ? '(erased)' : record.person && `${person ?? ''} ${record.person}`.trim()],
    [
      'as',
      record.subject && `${record.subject} of ${record.issuer ?? 'an unknown issuer'} ${record.tenant ?? ''}`.trim(),
    ],
    [
      'in',
      inputs &&
        ([...inputs.groups.map((id) => `group:${id}`), ...inputs.roles.map((id) => `role:${id}`)].join(' ') ||
          'no group, no role'),
    ],
    [
      'signed in',
      inputs?.authTime === undefined
        ? undefined
        : `${inputs.now - inputs.authTime} s before, by ${inputs.amr.join(' and ') || 'unknown means'}`,
    ],
    ['through', record.client],
    ['for', record.server ?? record.audience ?? record.resource],
    ['tool', record.tool],
    ['scopes', record.scopesAsked?.join(' ')],
    ['details', record.detailsAsked?.join(' ')],
    ['session has', inputs?.held?.join(', ')],
    ['from', record.address],
  ];
  return rows.filter(([, value]) => value).map(([label, value]) => `  ${label.padEnd(11)} ${value}`);
}

function toDecided(record: AuditRecord, badSubjectToken: BadSubjectToken): string[] {
  const lines: string[] = [];
  if (record.outcome === 'allowed') lines.push(`  allowed: ${record.scopesGranted?.join(' ') ?? record.kind}`);
  if (record.reason) lines.push(...toRefused(record, record.reason, badSubjectToken));
  if (record.policy) lines.push(`  by version ${record.policy.version} of the ${record.policy.kind} document`);
  if (record.accountBy) lines.push(`  the account was found by ${record.accountBy}`);
  if (record.idJag) lines.push(`  ID-JAG ${record.idJag}`);
  if (record.accessToken) lines.push(`  access token ${record.accessToken}`);
  if (record.detail) lines.push(`  ${record.detail}`);
  return lines;
}

function toRefused({ grantType: grant }: AuditRecord, reason: Refusal, badSubjectToken: BadSubjectToken): string[] {
  const row = rowOf(reason);
  if (!row) return [`  refused: ${reason}, which this version of Credence has no words for`];
  // What the sign-in says of the same token is not configured.
  const wire = grant === grantType.tokenExchange ? toExchangeCode(reason, badSubjectToken) : row.wire;
  return [`  refused: ${row.hint} (${reason}, ${row.rule})`, `  the caller was told: ${row.status} ${wire}`];
}

/** `undefined` for a reason that another version of Credence has written. */
function rowOf(reason: Refusal): (RefusalRow & { readonly status: number }) | undefined {
  return Object.hasOwn(refusals, reason) ? refusalRow(reason) : undefined;
}

/** What became of each scope and rule; of a rule that did not speak, the first condition that failed. */
export function toWhy({ ahead, rules, scopes }: Explanation): string[] {
  if (ahead) return [`  ${ahead}`];
  const spoke = rules.filter((rule) => rule.spoke);
  return [
    ...scopes.map(
      ({ scope, outcome, words }) => `  ${scope.padEnd(20)} ${outcome.replaceAll('_', ' ').padEnd(12)} ${words}`,
    ),
    ...(rules.length === 0 ? ['  There is no rule on this server.'] : []),
    ...spoke.map((rule) => `  ${rule.id}: spoke (${toWord(rule)})`),
    ...nearestFirst(rules.filter((rule) => !rule.spoke)).map(
      (rule) => `  ${rule.id}: did not speak (${toWord(rule)}); ${firstFailed(rule)}`,
    ),
  ];
}

function toWord({ effect }: RuleExplanation): string {
  return effect.replaceAll('_', ' ');
}

/** Nearest misses first: the rule of which most conditions held. */
function nearestFirst(rules: readonly RuleExplanation[]): RuleExplanation[] {
  return [...rules].sort((a, b) => b.conditions.length - a.conditions.length);
}

function firstFailed({ conditions }: RuleExplanation): string {
  return conditions.find(({ met }) => !met)?.words ?? '';
}

function toWayOut(record: AuditRecord, explanation: Explanation | undefined): string[] {
  if (record.outcome === 'allowed') return ['  Nothing: it was allowed.'];
  // What the rules allowed was refused by something else: no rule would change that.
  const refusing = explanation?.decision.effect === 'allow' ? undefined : explanation;
  const denied = refusing?.rules.filter((rule) => rule.spoke && rule.effect === 'deny') ?? [];
  if (denied.length > 0) {
    return [`  Not to be covered by ${denied.map(({ id }) => id).join(', ')}: a deny wins over every allow.`];
  }
  const help = record.reason && rowOf(record.reason)?.help;
  if (record.reason === 'scopes_kept_apart' || record.reason === 'client_key_not_bound') return [`  ${help}`];
  if (record.reason === 'step_up_needed') return ['  A fresher or stronger sign-in; the client was told which.'];
  const nearest = nearestFirst(refusing?.rules.filter((rule) => !rule.spoke && rule.effect === 'allow') ?? [])[0];
  if (nearest) return [`  For ${nearest.id} to speak: now ${firstFailed(nearest)}. Or a new rule that allows it.`];
  if (refusing && !refusing.ahead) return ['  A rule on this server that allows it.'];
  return [`  ${help ?? 'Look at the request of the client: the reason above says what was wrong with it.'}`];
}
