/**
 * Whether `asked` is a registered redirect address: the same text, or, for plain http on loopback, the same but for the
 * port, which a native program takes as it comes (RFC 8252 §7.3; `localhost` too, because shipped clients use it).
 */
export function isRegisteredRedirect(asked: string, registered: readonly string[]): boolean {
  if (registered.includes(asked)) return true;
  const withoutPort = parseLoopback(asked);
  return withoutPort !== undefined && registered.some((uri) => parseLoopback(uri) === withoutPort);
}

/**
 * True for a redirect that any program on the person's machine could receive: loopback, or a scheme of its own. Whoever
 * asks with one may have borrowed the client's id (RFC 8252 §8.6, T03).
 */
export function isNativeRedirect(uri: string): boolean {
  if (!URL.canParse(uri)) return true;
  const { protocol, hostname } = new URL(uri);
  return protocol !== 'https:' || isLoopbackHost(hostname);
}

export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** Host, path and query of an http loopback address as they were written, or `undefined` for any other address. */
function parseLoopback(uri: string): string | undefined {
  const pattern = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(?::(\d{1,5}))?(\/[^#]*)?$/;
  const [match, host, port, rest = ''] = pattern.exec(uri) ?? [];
  return match === undefined || Number(port ?? 80) > 65_535 ? undefined : `${host}${rest}`;
}
