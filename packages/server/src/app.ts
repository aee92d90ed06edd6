import type { IncomingMessage, ServerResponse } from 'node:http';
import { grantType, type Jwk, jwtDpopGrantType, no, ok, type Refusal, type Result } from '@credence/mcp/protocol';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { answerFault, answerGrant, type Side } from './answer-grant.ts';
import type { Call } from './call.ts';
import { type Answer, type Asked, fromNode, fromRequest, send, toResponse } from './door.ts';
import type { Edge } from './edge.ts';
import { type Form, parseForm } from './form.ts';
import { type Idp, tokenExchange } from './idp/token-exchange.ts';
import { createPace } from './limits.ts';
import { assetHeaders, assets } from './pages/assets.ts';
import { reachedThroughOrganisationPage } from './ras/authorize-page.ts';
import { openEventStream } from './ras/event-stream.ts';
import { receiveEvent } from './ras/events.ts';
import { introspect } from './ras/introspection.ts';
import { jwtBearer, type Ras } from './ras/jwt-bearer.ts';
import { rasMetadata } from './ras/metadata.ts';
import { revoke } from './ras/revocation.ts';
import type { RevocationStreams } from './revocation/streams.ts';
import type { Endpoint as EndpointName } from './watch.ts';

/** A handler that speaks `node:http`, such as `oidc-provider`'s. A body already read is handed on as `req.body`. */
export type NodeHandler = (incoming: IncomingMessage & { body?: string }, outgoing: ServerResponse) => unknown;

/** One trust domain, by both ways in: `handle` serves, `fetch` is the same for whoever has a web `Request`. */
export interface App {
  fetch(request: Request): Response | Promise<Response>;
  handle(incoming: IncomingMessage, outgoing: ServerResponse): unknown;
}

/** Answers a request, or hands it on, with the body that was read, to the one who answers everything else here. */
type Endpoint = (asked: Asked) => Promise<Answer | { readonly passOn: string }>;

/** By path: what is done there, and what it is called where it is counted. */
type Endpoints = ReadonlyMap<string, { readonly name: EndpointName; readonly answer: Endpoint }>;

/** Domain A, `/token`: the token exchange is ours, every other grant belongs to the sign-in. */
export function createIdpApp(idp: Idp, edge: Edge, signIn: NodeHandler): App {
  const side = { domain: 'idp', registry: idp.registry } as const;
  const token: Endpoint = async (asked) => {
    const body = await readForm(asked);
    if (!body.ok) return refuse(asked, edge, side, body.refusal);
    const { form, text } = body.value;
    if (form.ok && form.value.get('grant_type') !== grantType.tokenExchange) return { passOn: text };
    return answerGrant(asked, edge, side, form, (call) => tokenExchange(call, idp), idp);
  };
  return createApp(new Map([['/token', { name: 'exchange', answer: token }]]), new Hono(), edge, signIn);
}

/** Domain B: redemption, metadata and keys. */
export function createRasApp(
  ras: Ras,
  edge: Edge,
  publishedKeys: () => readonly Jwk[],
  streams?: RevocationStreams,
): App {
  const side = { domain: 'ras', registry: ras.registry } as const;
  const endpoint =
    (handler: (call: Call) => Result<object> | Promise<Result<object>>): Endpoint =>
    async (asked) => {
      const body = await readForm(asked);
      if (!body.ok) return refuse(asked, edge, side, body.refusal);
      return answerGrant(asked, edge, side, body.value.form, handler);
    };
  const redeem = (call: Call) => {
    const asked = call.form.get('grant_type');
    if (asked === undefined) return no('missing_parameter');
    if (!isRedemption(asked, call)) return no('unknown_grant_type');
    return jwtBearer(call, ras);
  };
  const eventDoor = {
    ...edge,
    address: (asked: Asked) => edge.addressOf(asked.incoming),
    pace: createPace({ burst: 5000, perSecond: 200, nowMs: edge.nowMs }),
  };
  const endpoints: Endpoints = new Map([
    ['/token', { name: 'redeem', answer: endpoint(redeem) }],
    ['/introspect', { name: 'introspect', answer: endpoint((call) => introspect(call, ras)) }],
    ['/revoke', { name: 'revoke', answer: endpoint((call) => revoke(call, ras)) }],
    ['/events', { name: 'events', answer: (asked: Asked) => receiveEvent(asked, ras, eventDoor) }],
  ]);
  const pages = new Hono();
  pages.get('/.well-known/oauth-authorization-server', (context) =>
    context.json(rasMetadata(ras, edge.certificateOf !== undefined)),
  );
  pages.get('/jwks', (context) => context.json({ keys: publishedKeys() }, 200, { 'cache-control': 'max-age=300' }));
  if (streams) {
    const door = { ...edge, streams };
    pages.get('/events/stream', ({ req, env }) => {
      // Hono takes HEAD for GET without a body: that would be a stream which nobody reads, and which counts.
      if (req.raw.method !== 'GET') return new Response(null, { status: 405, headers: { allow: 'GET' } });
      const address = edge.addressOf((env as Partial<HttpBindings> | undefined)?.incoming as IncomingMessage);
      return openEventStream(req.raw, address, ras, door);
    });
  }
  pages.get('/authorize', () => reachedThroughOrganisationPage(ras.issuer));
  serveAssets(pages);
  return createApp(endpoints, pages, edge);
}

/** jwt-bearer (RFC 7523 §2.1); with a DPoP proof also the name that the example in §9.8.1 of the draft has for it. */
function isRedemption(grant: string, { dpop }: Call): boolean {
  return grant === grantType.jwtBearer || (grant === jwtDpopGrantType && dpop !== undefined);
}

/** Endpoints that programs post forms to, by path, and what people and programs may read. */
function createApp(endpoints: Endpoints, pages: Hono, edge: Edge, passOn: NodeHandler = () => undefined): App {
  pages.onError((fault) => toResponse(answerFault(edge, fault)));
  const servePages = getRequestListener(pages.fetch);
  const { watch } = edge;
  const answerAt = ({ name, answer }: { name: EndpointName; answer: Endpoint }, asked: Asked) => {
    if (!watch) return answer(asked).catch((fault) => answerFault(edge, fault));
    const work = () => answer(asked).catch((fault) => answerFault(edge, fault));
    return watch.answer(name, asked.header('traceparent'), work);
  };
  return {
    async fetch(request) {
      const endpoint = endpoints.get(new URL(request.url).pathname);
      if (!endpoint) return pages.fetch(request);
      const answer = await answerAt(endpoint, fromRequest(request));
      return 'passOn' in answer ? new Response(undefined, { status: 404 }) : toResponse(answer);
    },
    async handle(incoming, outgoing) {
      const endpoint = endpoints.get(incoming.url?.split('?', 1)[0] ?? '');
      if (!endpoint) return servePages(incoming, outgoing);
      const answer = await answerAt(endpoint, fromNode(incoming));
      if ('passOn' in answer) {
        watch?.passedOn(outgoing);
        return passOn(Object.assign(incoming, { body: answer.passOn }), outgoing);
      }
      send(outgoing, answer);
    },
  };
}

/** Style sheet and mark of our pages, under names that change with their content. */
export function serveAssets(app: Hono): void {
  for (const asset of Object.values(assets)) {
    app.get(asset.path, () => new Response(asset.body, { headers: assetHeaders(asset) }));
  }
}

async function readForm(asked: Asked): Promise<Result<{ text: string; form: Result<Form> }>> {
  if (asked.method !== 'POST') return no('wrong_method');
  const type = asked.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded') return no('wrong_content_type');
  const text = await asked.text();
  return text === undefined ? no('body_too_large') : ok({ text, form: parseForm(text) });
}

function refuse(asked: Asked, edge: Edge, side: Side, refusal: Refusal): Promise<Answer> {
  return answerGrant(asked, edge, side, no(refusal), () => no(refusal));
}
