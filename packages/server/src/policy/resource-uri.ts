/**
 * The ways to write a resource that count as the same; the registered one comes first. Resources are compared character for
 * character, but for one habit of URL libraries: a bare origin with and without the slash after it is one resource (B60, A4).
 */
export function spellings(resource: string): readonly string[] {
  if (!URL.canParse(resource)) return [resource];
  const { origin } = new URL(resource);
  if (resource === origin) return [resource, `${origin}/`];
  return resource === `${origin}/` ? [resource, origin] : [resource];
}

/** One spelling is the registered one. */
export function sameResource(registered: string, other: string): boolean {
  return registered === other || spellings(registered).includes(other);
}

/** Where a server of a RAS lives: the gateway's path, and the resource identifier of its tokens. */
export function resourceOf(ras: string, serverId: string): string {
  return `${ras}/${serverId}/mcp`;
}

/** The way back: what a RAS calls the server at this address; `undefined` where its gateway has none. */
export function serverHere(ras: string, resource: string): string | undefined {
  const [, serverId] = /^\/([^/]+)\/mcp$/.exec(resource.startsWith(`${ras}/`) ? resource.slice(ras.length) : '') ?? [];
  return serverId;
}
