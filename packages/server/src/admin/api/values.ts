import { parseStrictObject } from '@credence/mcp/protocol';
import type { z } from 'zod';
import { fromRequest } from '../../door.ts';
import { type Outcome, type Refused, type Route, refuse, type ValueError } from './route.ts';

/** What a request says, parsed by the schemas of its operation; nothing reaches a handler that they do not name. */
export interface Values {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

const maxDepth = 8;

export async function readValues(
  request: Request,
  route: Route,
  inPath: Readonly<Record<string, string>>,
): Promise<Outcome<Values>> {
  const params = parseWith(route.params, inPath, 'path');
  if (!params.ok) return params;
  const query = readQuery(new URL(request.url).searchParams, route);
  if (!query.ok) return query;
  const body = await readBody(request, route);
  if (!body.ok) return body;
  return { ok: true, value: { params: params.value, query: query.value, body: body.value } };
}

/** Each parameter once: of two, nobody could say which was meant. */
function readQuery(search: URLSearchParams, route: Route): Outcome<unknown> {
  const names = [...search.keys()];
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) return invalid([{ at: `query.${clip(twice)}`, problem: 'is there more than once' }]);
  if (!route.query) return names.length === 0 ? { ok: true, value: undefined } : noneHere('query', names);
  return parseWith(route.query, Object.fromEntries(search), 'query');
}

/** `application/json` and nothing else: no form of another site can send it. */
async function readBody(request: Request, route: Route): Promise<Outcome<unknown>> {
  if (!route.body) return request.body === null ? { ok: true, value: undefined } : withoutBody(request);
  const type = request.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json') return refuse('api_wrong_content_type');
  const text = await fromRequest(request, route.maxBytes).text();
  if (text === undefined) return refuse('api_body_too_large');
  const body = parseStrictObject(text, maxDepth);
  return body ? parseWith(route.body, body, 'body') : refuse('api_body_malformed');
}

/** Clients send an empty body where none is due; anything in it would go unread. */
async function withoutBody(request: Request): Promise<Outcome<undefined>> {
  const text = await fromRequest(request).text();
  if (text === undefined) return refuse('api_body_too_large');
  return text === '' ? { ok: true, value: undefined } : invalid([{ at: 'body', problem: 'is not expected here' }]);
}

function parseWith(schema: z.ZodObject | undefined, value: object, where: string): Outcome<unknown> {
  if (!schema) return { ok: true, value: undefined };
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  return invalid(
    parsed.error.issues.slice(0, 20).map(({ path, message }) => ({
      at: clip([where, ...path.map(String)].join('.')),
      problem: clip(message),
    })),
  );
}

function noneHere(where: string, names: readonly string[]): Refused {
  return invalid([{ at: `${where}.${clip(names[0] ?? '')}`, problem: 'is not known here' }]);
}

function invalid(errors: readonly ValueError[]): Refused {
  return { ok: false, refusal: 'api_value_invalid', errors };
}

/** What a caller sent may be said back to them, but not at any length. */
function clip(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
