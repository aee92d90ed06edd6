/** What of a probe goes into the access document. */
interface Found {
  readonly url: string;
  readonly resource: string | null;
  readonly scopes: readonly string[];
  readonly authorizationServers: readonly { readonly issuer: string }[];
}

/**
 * An entry of the access document for a server that was probed; `undefined` where its resource or authorization server is not
 * known. Every scope is given high risk: what it can do is for a person to say. All text of the server is quoted.
 */
export function toEntry({ url, resource, scopes, authorizationServers }: Found): string | undefined {
  const [server] = authorizationServers;
  if (resource === null || server === undefined) return undefined;
  const quoted = (text: string) => JSON.stringify(text);
  const id = idOf(url);
  const lines = scopes.map((scope) => `      ${quoted(scope)}: { risk: high }`);
  return [
    'servers:',
    `  ${id}:`,
    `    resource: ${quoted(resource)}`,
    `    ras: ${quoted(server.issuer)}`,
    ...(lines.length > 0 ? ['    scopes:', ...lines] : ['    scopes: {}']),
  ].join('\n');
}

/** The part of the host that names it: `mcp.linear.app` is `linear`. */
export function idOf(url: string): string {
  const labels = URL.canParse(url) ? new URL(url).hostname.split('.') : [];
  const name = labels.filter((label) => !['www', 'mcp', 'api'].includes(label))[0] ?? '';
  return /^[a-z][a-z0-9-]{0,62}$/.test(name) ? name : 'server';
}
