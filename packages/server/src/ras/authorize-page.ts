/** The authorization endpoint asks nobody anything: access is decided by the organisation (interop.md 10). */
export function reachedThroughOrganisationPage(): Response {
  return new Response('This server is reached through your organisation. Nothing is asked here.\n', {
    status: 400,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  });
}
