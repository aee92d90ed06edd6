import { setTimeout as wait } from 'node:timers/promises';
import { isObject, parseStrictObject } from '@credence/mcp/protocol';
import type { Egress } from '../egress.ts';
import type { AccessServer, Ask, Decision } from '../policy/model.ts';

/**
 * A policy decision point outside Credence, asked in the shape of the OpenID Authorization API 1.0 (AuthZEN) after the rules
 * have allowed something. It may only take away: what the rules do not allow it is not asked about.
 */
export interface DecisionPoint {
  /** Scopes that it lets through; `undefined` when no answer could be had in time, which is no. */
  letThrough(question: Question): Promise<readonly string[] | undefined>;
}

export interface Question {
  readonly ask: Ask;
  readonly server: AccessServer;
  readonly scopes: readonly string[];
  /** Names the request in the logs of both sides (§10.1.4). */
  readonly requestId: string;
}

export interface DecisionPointOptions {
  /** Its Access Evaluations endpoint. */
  readonly url: string;
  readonly bearer: string | undefined;
  readonly timeoutMs: number;
  readonly fetch: Egress['fetch'];
  readonly onFault: (fault: unknown) => void;
}

export function createDecisionPoint(options: DecisionPointOptions): DecisionPoint {
  const { url, bearer, timeoutMs, fetch, onFault } = options;
  return {
    async letThrough({ ask, server, scopes, requestId }) {
      try {
        const headers = {
          'content-type': 'application/json',
          'x-request-id': requestId,
          ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
        };
        const body = JSON.stringify(toRequest(ask, server, scopes));
        const late = new AbortController();
        const response = await Promise.race([
          fetch(url, { method: 'POST', headers, body }).finally(() => late.abort()),
          wait(timeoutMs, undefined, { signal: late.signal }).then(() => {
            throw new Error(`no answer within ${timeoutMs} ms`);
          }),
        ]);
        if (response.status !== 200) throw new Error(`it answered ${response.status}`);
        const decisions = toDecisions(await response.text(), scopes.length);
        if (!decisions) throw new Error('its answer is not one decision for each scope');
        return scopes.filter((_, at) => decisions[at]);
      } catch (fault) {
        onFault(fault);
        return undefined;
      }
    },
  };
}

/** What is left of a decision when only these scopes are let through; types of details go with their scope. */
export function narrow(decision: Decision, scopes: readonly string[], { detailTypes }: AccessServer): Decision {
  const details = decision.details?.filter((type) => scopes.includes(detailTypes.get(type)?.scope ?? ''));
  return { ...decision, scopes, ...(details && { details }) };
}

/** Access Evaluations request (§7.1): one action for each scope, all else the same. */
function toRequest(
  { person, client, acr, amr, authTime, now, address }: Ask,
  server: AccessServer,
  scopes: readonly string[],
) {
  const { id, groups, roles } = person;
  return {
    subject: { type: 'user', id, properties: { groups, roles, acr, amr, auth_time: authTime } },
    resource: {
      type: 'mcp_server',
      id: server.resource,
      properties: { name: server.id, authorization_server: server.ras },
    },
    context: { time: new Date(now * 1000).toISOString(), client, address },
    options: { evaluations_semantic: 'execute_all' },
    evaluations: scopes.map((scope) => ({ action: { name: scope, properties: { risk: server.scopes.get(scope) } } })),
  };
}

/** Decisions in the order of the questions; `undefined` for anything that is not exactly that. */
function toDecisions(text: string, count: number): readonly boolean[] | undefined {
  const evaluations = parseStrictObject(text)?.evaluations;
  if (!Array.isArray(evaluations) || evaluations.length !== count) return undefined;
  const decisions = evaluations.map((each: unknown) => (isObject(each) ? each.decision : undefined));
  return decisions.every((decision) => typeof decision === 'boolean') ? decisions : undefined;
}
