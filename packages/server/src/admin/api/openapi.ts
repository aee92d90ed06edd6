import { z } from 'zod';
import type { Route } from './route.ts';

type Json = Record<string, unknown>;

/** The admin API in the words of OpenAPI 3.1, made from the operations themselves. @see https://spec.openapis.org/oas/v3.1.1.html */
export function toOpenApi(routes: readonly Route[], server: string): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: toOperation(route) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Credence admin API',
      version: '1',
      description:
        'For the console and for programs. Times are seconds since 1970. Refusals are application/problem+json (RFC 9457).',
    },
    servers: [{ url: server }],
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'Made with credence api-token create.' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-credence_admin',
          description: 'Of a browser that is signed in at this address.',
        },
      },
      schemas: { Problem: toSchema(ProblemSchema, 'output') },
    },
  };
}

/** What every refusal looks like to somebody who has proven who they are; strangers get no `code`. */
const ProblemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string().optional().describe('Why, by the name that the record has for it.'),
  detail: z.string(),
  help: z.string().optional(),
  errors: z.array(z.object({ at: z.string(), problem: z.string() })).optional(),
  current: z.unknown().optional().describe('Of a conflict: what there is now, to compare with.'),
  reference: z.string().optional().describe('What the record calls this request.'),
});

function toOperation(route: Route): Json {
  const { id, summary, permission, fresh, versioned, status, answer, body, stream } = route;
  const told = answer
    ? { 'application/json': { schema: toSchema(answer, 'output') } }
    : stream && { [stream]: { schema: { type: 'string' } } };
  const refusal = { description: 'Refused', content: { 'application/problem+json': { schema: problemRef } } };
  const parameters = [
    ...toParameters(route.params, 'path'),
    ...toParameters(route.query, 'query'),
    ...(versioned ? [{ name: 'If-Match', in: 'header', required: true, schema: { type: 'string' } }] : []),
  ];
  return {
    operationId: id,
    summary,
    description: [
      permission === undefined ? 'For every administrator.' : `Takes the permission or scope \`${permission}\`.`,
      ...(fresh ? ['In a browser: a sign-in less than 15 minutes old.'] : []),
      ...(versioned ? ['`If-Match` is the `ETag` of what was read.'] : []),
    ].join(' '),
    ...(permission !== undefined && { 'x-permission': permission }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: { required: true, content: { 'application/json': { schema: toSchema(body, 'input') } } },
    }),
    responses: {
      [status]: { description: 'Done', ...(told && { content: told }) },
      default: refusal,
    },
  };
}

const problemRef = { $ref: '#/components/schemas/Problem' };

function toParameters(values: z.ZodObject | undefined, where: 'path' | 'query'): Json[] {
  const { properties = {}, required = [] } = values
    ? (toSchema(values, 'input') as { properties?: Record<string, Json>; required?: string[] })
    : {};
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    schema,
  }));
}

/** JSON Schema 2020-12, which OpenAPI 3.1 takes as it is. */
export function toSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json;
  return rest;
}
