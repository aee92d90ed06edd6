import { type Problem as ApiProblem, createAdminClient, type Told } from '../admin/api/client/client.ts';
import { isLoopbackHost } from '../config-check.ts';
import { Problem } from '../problem.ts';
import { isSameText, otherVersion, type PlaceFlags, type PolicyPlace, type VersionLine } from './installation.ts';
import { readText } from './read-text.ts';

const mostVersions = 500;
const page = 50;

/** An installation elsewhere, through its admin API, as an API token may. */
export async function openThere<T>(
  flags: PlaceFlags & { readonly url: string },
  work: (place: PolicyPlace) => Promise<T>,
): Promise<T> {
  const base = checkUrl(flags.url);
  const call = createAdminClient(`${base}/api/v1`, fetchOrSay(base), await readToken(flags));
  return work({
    words: base,
    async versions(kind) {
      const found: VersionLine[] = [];
      for (;;) {
        const before = found.at(-1)?.version;
        const { items } = orProblem(
          await call('listVersions', { params: { kind }, query: { limit: page, ...(before && { before }) } }),
        );
        found.push(
          ...items.map(({ version, author, publishedAt, digest }) => ({ version, author, publishedAt, digest })),
        );
        if (items.length < page || found.length >= mostVersions) return found;
      }
    },
    async document(kind, version) {
      return orProblem(await call('getVersion', { params: { kind, version } })).document;
    },
    async plan(kind, document) {
      return orProblem(await call('planDocument', { params: { kind }, body: { document } }));
    },
    async apply(plan, document, name) {
      const same = orProblem(await call('listDrafts', { query: {} })).items.filter(isSameText(plan));
      const proposed = same.find(({ state }) => state === 'proposed');
      if (proposed) return { draft: proposed.id, state: 'proposed' };
      const open = same[0] && withTag(await call('getDraft', { params: { id: same[0].id } }));
      const isOpen = open?.value.digest === plan.digest;
      const begun = isOpen
        ? open
        : withTag(await call('createDraft', { query: {}, body: { kind: plan.kind, name, document } }));
      const { id, base } = begun.value;
      if (base !== plan.from) {
        orProblem(await call('discardDraft', { params: { id }, ifMatch: begun.etag }));
        throw otherVersion(base, plan);
      }
      const asked = await call('proposeDraft', { params: { id }, ifMatch: begun.etag });
      // Somebody else is at it: theirs is the word when it is ready.
      if (!asked.ok && isOpen && asked.problem.code === 'api_conflict') return { draft: id, state: 'open' };
      const { digest } = orProblem(asked);
      const published = await call('publishDraft', { params: { id }, body: { digest } });
      if (published.ok) return { draft: id, state: 'published', version: published.value.version };
      // A token does not publish, and not everybody may: then it waits for whoever does.
      if (waits.has(published.problem.code ?? '')) return { draft: id, state: 'proposed' };
      throw toProblem(published.problem);
    },
  });
}

const waits: ReadonlySet<string> = new Set(['admin_scope_lacks', 'admin_role_lacks', 'second_person_needed']);

/** A token goes over https, or to this machine. */
function checkUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackHost(url.hostname));
  if (!url || !isSafe || url.username !== '' || url.search !== '' || url.hash !== '') {
    throw new Problem(`--url ${text} must be the https URL of the admin listener.`, 'http is for localhost only.');
  }
  return url.href.replace(/\/+$/, '');
}

/** Never a flag of its own: what stands on a command line is for everybody on the machine to read. */
async function readToken({ tokenFile }: PlaceFlags): Promise<string> {
  const text = tokenFile === undefined ? process.env.CREDENCE_TOKEN : await readText(tokenFile);
  const token = text?.trim() ?? '';
  if (token !== '') return token;
  throw new Problem(
    'No API token: an installation elsewhere wants to see one.',
    'Set CREDENCE_TOKEN, or name a file with --token-file. Make one with: credence api-token create --scope read:policy --scope apply',
  );
}

function fetchOrSay(base: string): typeof globalThis.fetch {
  return async (input, init) => {
    let response: Response;
    let text: string;
    try {
      response = await globalThis.fetch(input, { ...init, redirect: 'error', signal: AbortSignal.timeout(60_000) });
      text = await response.text();
    } catch (error) {
      const { cause, message } = error as Error;
      throw new Problem(
        `${base} cannot be reached: ${cause instanceof Error ? cause.message : message}.`,
        'Check --url, the network, and for an authority of your own NODE_EXTRA_CA_CERTS.',
      );
    }
    const { status, headers, ok } = response;
    if (isAnswer(text) || (ok && text === '')) return new Response(text === '' ? null : text, { status, headers });
    // A page of a proxy, or of something else that listens there.
    throw new Problem(`${base} answered ${status}, and not as the admin API does.`, 'Check --url.');
  };
}

function isAnswer(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}

function orProblem<T>(told: Told<T>): T {
  if (told.ok) return told.value;
  throw toProblem(told.problem);
}

function withTag<T>(told: Told<T>): { readonly value: T; readonly etag: string } {
  return { value: orProblem(told), etag: (told.ok && told.etag) || '' };
}

function toProblem({ status, title, detail, help, errors = [], reference }: ApiProblem): Problem {
  const lines = errors.map(({ at, problem }) => `\n  ${at}: ${problem}`).join('');
  const words = `The admin API answered ${status}: ${detail ?? title}${lines}`;
  return new Problem(
    words,
    help ?? (reference ? `Its record says more: credence explain ${reference}` : 'Check --url and the token.'),
  );
}
