import { type Refusal, refusalRow } from '@credence/mcp/protocol';
import type { Caller } from '@credence/mcp/resource';
import type { AuditRecord } from '../audit/record.ts';
import type { ResourceServer } from '../policy/model.ts';
import type { ToolCall } from './judge.ts';

/** What happened to one request, and where. */
export interface CallFacts {
  readonly id: string;
  readonly timeMs: number;
  readonly address: string;
  readonly correlation: string | undefined;
  readonly server: ResourceServer;
  readonly caller: Caller;
  readonly policyVersion: number;
  /** Why it was refused; `undefined` when it was let through. */
  readonly refusal: Refusal | undefined;
  readonly tool: ToolCall | undefined;
  readonly toolHash: string | null | undefined;
  /** Scopes that the token lacks for it. */
  readonly missing: readonly string[] | undefined;
}

/** Each tool call, let through or refused, is one line with the hash of the tool's definition as last listed (T33). */
export function toCallRecord(facts: CallFacts): AuditRecord {
  const { id, timeMs, address, correlation, server, caller, refusal, tool, toolHash, missing = [] } = facts;
  return {
    v: 2,
    id,
    kind: tool ? 'tool_call' : 'refusal',
    domain: 'gateway',
    timeMs,
    outcome: refusal ? 'refused' : 'allowed',
    ...(refusal && { reason: refusal, status: refusalRow(refusal).status }),
    address,
    ...(correlation && { correlation }),
    person: caller.subject,
    client: caller.clientId,
    server: server.id,
    resource: server.resource,
    accessToken: caller.id,
    policy: { kind: 'resource', version: facts.policyVersion },
    ...(tool && { tool: tool.name.slice(0, 256), toolHash: toolHash ?? null }),
    ...(missing.length > 0 && { scopesAsked: missing }),
    ...(tool?.scope !== undefined && !refusal && { scopesGranted: [tool.scope] }),
  };
}
