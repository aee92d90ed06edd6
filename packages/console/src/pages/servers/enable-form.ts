import type { Operations } from '@credence/server/admin-client';
import type { Answer } from '../../data/problem.ts';
import { idOf } from './entry.ts';

type Body = Operations['enableServer']['body'];
export type Risk = Body['scopes'][number]['risk'];
type Known = Answer<'getCatalogue'>['servers'][number];
type Probed = Answer<'probeServer'>;

/** What is known of a server before anybody has said anything. */
export interface Start {
  readonly id: string;
  readonly name: string;
  readonly resource: string;
  readonly ras: string;
  readonly scopes: readonly string[];
  /** One of our own, for the gateway here: its address follows from its name. */
  readonly isOwn?: boolean;
}

export interface Chosen {
  readonly id: string;
  readonly name: string;
}

/** What the dialog asks for. */
export interface EnableForm {
  readonly id: string;
  readonly name: string;
  readonly resource: string;
  readonly ras: string;
  /** Of one of our own, where it really is; `undefined` = it is somebody else's. */
  readonly upstream: string | undefined;
  readonly scopes: readonly { readonly name: string; readonly risk: Risk; readonly given: boolean }[];
  /** Subjects of the rule. */
  readonly to: readonly Chosen[];
  readonly through: readonly Chosen[];
}

/** From the catalogue. What is not known there is empty. */
export function startOfKnown({ id, name, resource, issuer, scopes }: Known): Start {
  return { id, name, resource: resource?.value ?? '', ras: issuer?.value ?? '', scopes: scopes?.value ?? [] };
}

/** From a probe. What a stranger calls itself is no name to publish: it goes by its host. */
export function startOfProbe({ url, resource, authorizationServers, scopes }: Probed): Start {
  const id = idOf(url);
  const name = id.charAt(0).toUpperCase() + id.slice(1);
  return { id, name, resource: resource ?? url, ras: authorizationServers[0]?.issuer ?? '', scopes };
}

/** Nothing is known of one of our own but who guards it. */
export function startOfOwn(ras: string): Start {
  return { id: '', name: '', resource: '', ras, scopes: [], isOwn: true };
}

/** Where the gateway has it, or whoever guards it elsewhere. */
export function addressOf({
  id,
  resource,
  ras,
  upstream,
}: Pick<EnableForm, 'id' | 'resource' | 'ras' | 'upstream'>): string {
  return upstream === undefined ? resource : `${ras}/${id}/mcp`;
}

/** Every scope is given, and high risk until a person says otherwise. */
export function formOf(
  { id, name, resource, ras, scopes, isOwn = false }: Start,
  taken: ReadonlySet<string>,
): EnableForm {
  const names = [...new Set(scopes)];
  const given = names.map((scope) => ({ name: scope, risk: 'high' as const, given: true }));
  const upstream = isOwn ? '' : undefined;
  return { id: id && freeId(id, taken), name, resource, ras, upstream, scopes: given, to: [], through: [] };
}

function freeId(id: string, taken: ReadonlySet<string>): string {
  for (let count = 1; ; count += 1) {
    const wanted = count === 1 ? id : `${id}-${count}`;
    if (!taken.has(wanted)) return wanted;
  }
}

/** The first thing that is still missing; `undefined` when it can be sent. */
export function missingIn(form: EnableForm): keyof EnableForm | undefined {
  const { id, ras, upstream, scopes, to, through } = form;
  if (id === '') return 'id';
  if (upstream === '') return 'upstream';
  if (addressOf(form) === '') return 'resource';
  if (ras === '') return 'ras';
  if (!scopes.some(({ given }) => given)) return 'scopes';
  if (to.length === 0) return 'to';
  return through.length === 0 ? 'through' : undefined;
}

/** ID-JAGs would go to another host than the server's: a server that names somebody else's may be after them. */
export function isElsewhere(form: Pick<EnableForm, 'id' | 'resource' | 'ras' | 'upstream'>): boolean {
  const [server, issuer] = [addressOf(form), form.ras].map((url) =>
    URL.canParse(url) ? new URL(url).hostname : undefined,
  );
  return server !== undefined && issuer !== undefined && server !== issuer;
}

/** As the admin API takes it. */
export function toBody(form: EnableForm, draft: { readonly id: string; readonly revision: number } | undefined): Body {
  const { id, name, ras, upstream, scopes, to, through } = form;
  return {
    id,
    ...(name.trim() !== '' && { name: name.trim() }),
    resource: addressOf(form),
    ras,
    ...(upstream !== undefined && { upstream: { http: upstream } }),
    scopes: scopes.map((scope) => ({ ...scope })),
    to: to.map((subject) => subject.id),
    through: through.map((client) => ({ id: client.id })),
    ...(draft && { draft: { id: draft.id, revision: draft.revision } }),
  };
}

/** Clients to choose from: those that are there, then those that the catalogue knows how to make. */
export function clientChoices(
  here: readonly Chosen[],
  known: Answer<'getCatalogue'>['clients'],
): readonly (Chosen & { readonly isNew: boolean })[] {
  const ids = new Set(here.map(({ id }) => id));
  const more = known.filter(({ id, redirectUris, metadata }) => !ids.has(id) && (redirectUris ?? metadata) !== null);
  return [
    ...here.map(({ id, name }) => ({ id, name, isNew: false })),
    ...more.map(({ id, name }) => ({ id, name, isNew: true })),
  ];
}
