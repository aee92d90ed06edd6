import { type AuthorizationDetail, no, ok, parseScope, type Result } from '@credence/mcp/protocol';
import { type Call, toFingerprint } from '../call.ts';
import type { AccessIndex, ServersOfRas } from '../policy/compile.ts';
import { checkParameter } from '../policy/details.ts';
import type { AccessClient, AccessServer } from '../policy/model.ts';

/** Where to, and what for. */
export interface Target {
  readonly server: AccessServer;
  /** The client's id over there (IDP-25). */
  readonly clientId: string;
  readonly scopes: readonly string[] | undefined;
  readonly details: readonly AuthorizationDetail[] | undefined;
}

/** Audience and resource name one server of the access document, at which this client has an id (IDP-07 to IDP-10, 25, 44). */
export function parseTarget(call: Call, client: AccessClient, policy: AccessIndex): Result<Target> {
  const { form } = call;
  const audience = form.get('audience');
  const scope = form.get('scope');
  if (!audience) return no('missing_parameter');

  const candidates = policy.serversByAudience.get(audience);
  const server = candidates ? chooseServer(candidates, form.resources) : no('audience_unknown');
  if (!server.ok) {
    noteUnknown(call, audience);
    return server;
  }
  call.note({ server: server.value.id, resource: server.value.resource, audience: server.value.ras });
  const clientId = client.clientIds.get(server.value.ras);
  if (!clientId) return no('client_unmapped');

  const details = parseDetails(call, server.value);
  if (!details.ok) return details;
  if (scope === undefined) return ok({ server: server.value, clientId, scopes: undefined, details: details.value });
  const asked = parseScope(scope);
  if (!asked) return no('scope_malformed');
  const known = asked.filter((name) => server.value.scopes.has(name));
  call.note({ scopesAsked: known, ...(known.length < asked.length && { unknownScopes: asked.length - known.length }) });
  return known.length > 0
    ? ok({ server: server.value, clientId, scopes: known, details: details.value })
    : no('scope_unknown');
}

/** What matches nothing in the policy is named by its hash: anything may have been sent here. */
function noteUnknown(call: Call, audience: string): void {
  const { resources } = call.form;
  call.note({
    audience: toFingerprint(audience),
    ...(resources.length > 0 && { resource: toFingerprint(resources.join(' ')) }),
  });
}

/** Details that are known at this server and say nothing their type does not allow (IDP-23, B24). */
function parseDetails(call: Call, server: AccessServer): Result<readonly AuthorizationDetail[] | undefined> {
  const text = call.form.get('authorization_details');
  if (text === undefined) return ok(undefined);
  const details = checkParameter(text, server);
  if (details.ok) call.note({ detailsAsked: details.value.map(({ type }) => type) });
  return details;
}

/** One ID-JAG is for one server: several different resources are refused, also when all are known. */
function chooseServer({ all, byResource }: ServersOfRas, resources: readonly string[]): Result<AccessServer> {
  if (resources.length === 0) {
    const [only] = all;
    return only && all.length === 1 ? ok(only) : no('resource_ambiguous');
  }
  const servers = resources.map((resource) => byResource.get(resource));
  const [server] = servers;
  if (!server || servers.some((other) => other !== server)) {
    return no(resources.every(isAbsoluteUri) ? 'resource_unknown' : 'resource_invalid');
  }
  return ok(server);
}

/** @see https://www.rfc-editor.org/rfc/rfc8707#section-2 */
function isAbsoluteUri(text: string): boolean {
  return URL.canParse(text) && !text.includes('#');
}
