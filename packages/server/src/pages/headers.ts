/**
 * Headers of every page (threats.md §4): nothing loads but our own style sheet and mark, nothing frames the page, nothing
 * is kept, and forms go home.
 * @param formTargets - where a redirect after the form may lead: browsers hold `form-action` against it too
 * @param formSchemes - for a page whose form leaves for hosts that nobody can list, such as `https:`
 * @param runsScript - lets the one script of ours run, and nothing else: for the pages that ask for a passkey
 */
export function pageHeaders(
  formTargets: readonly string[] = [],
  formSchemes: readonly 'https:'[] = [],
  runsScript = false,
): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self'",
    ...(runsScript ? ["script-src 'self'"] : []),
    "base-uri 'none'",
    "frame-ancestors 'none'",
    ["form-action 'self'", ...formTargets.flatMap(toSource), ...formSchemes].join(' '),
  ];
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy.join('; '),
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'cross-origin-opener-policy': 'same-origin',
    'cache-control': 'no-store',
  };
}

/** The origin of a web address, the scheme of any other; a source that could break out of the header is left away. */
function toSource(target: string): string[] {
  if (!URL.canParse(target)) return [];
  const { protocol, origin } = new URL(target);
  const source = protocol === 'https:' || protocol === 'http:' ? origin : protocol;
  return /^[a-z0-9+.-]+:(?:\/\/[a-z0-9.:[\]-]+)?$/.test(source) ? [source] : [];
}
