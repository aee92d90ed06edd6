import { createHash } from 'node:crypto';
import { toSchema } from '../openapi.ts';
import type { Route } from '../route.ts';

type Json = Record<string, unknown>;

/**
 * The types of the client as a file that imports nothing: for whoever speaks to the admin API by HTTP alone, such as the console.
 * Made from the same schemas as the OpenAPI document.
 */
export function toClientTypes(all: readonly Route[]): string {
  // What streams is read as it comes, not when it is whole.
  const routes = all.filter(({ stream }) => stream === undefined);
  const operations = routes.map((route) => {
    const members = [
      `method: '${route.method}'`,
      `path: '${route.path}'`,
      ...(route.params ? [`params: ${toType(toSchema(route.params, 'input'))}`] : []),
      ...(route.query ? [`query: ${toType(toSchema(route.query, 'input'))}`] : []),
      ...(route.body ? [`body: ${toType(toSchema(route.body, 'input'))}`] : []),
      ...(route.versioned ? ['ifMatch: string'] : []),
      `answer: ${route.answer ? toType(toSchema(route.answer, 'output')) : 'undefined'}`,
    ];
    return `  /** ${route.summary}. */\n  ${route.id}: { ${members.join('; ')} };`;
  });
  const addresses = routes.map(({ id, method, path }) => `  ${id}: ['${method}', '${path}'],`);
  const body = toBody(operations, addresses);
  return `// Made by npm run api-client from the operations of the admin API. Not to be changed by hand.
// Made of: ${createHash('sha256').update(body).digest('base64url')}
${body}`;
}

function toBody(operations: readonly string[], addresses: readonly string[]): string {
  return `
/** Every operation of the admin API: what it takes, and what it answers. */
export interface Operations {
${operations.join('\n')}
}

/** Method and path of each, behind \`/api/v1\`. */
export const addresses = {
${addresses.join('\n')}
} as const satisfies Record<keyof Operations, readonly [method: string, path: string]>;
`;
}

/** JSON Schema, as far as our schemas use it, in the words of TypeScript. */
export function toType(schema: Json): string {
  if (Array.isArray(schema.anyOf)) return schema.anyOf.map((each) => toType(each as Json)).join(' | ');
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => toLiteral(value)).join(' | ');
  if ('const' in schema) return toLiteral(schema.const);
  if (Array.isArray(schema.type)) return schema.type.map((type) => toType({ ...schema, type })).join(' | ');
  switch (schema.type) {
    case 'object':
      return toObjectType(schema);
    case 'array':
      return `readonly (${toType((schema.items ?? {}) as Json)})[]`;
    case 'integer':
    case 'number':
      return 'number';
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type;
    default:
      return 'unknown';
  }
}

function toObjectType({ properties = {}, required = [], additionalProperties }: Json): string {
  const isRequired = new Set(required as string[]);
  const members = Object.entries(properties as Record<string, Json>).map(
    ([name, schema]) => `${name}${isRequired.has(name) ? '' : '?'}: ${toType(schema)}`,
  );
  const isOpen = typeof additionalProperties === 'object' && additionalProperties !== null;
  if (isOpen) members.push(`[more: string]: ${members.length > 0 ? 'unknown' : toType(additionalProperties as Json)}`);
  return members.length === 0 ? 'Record<string, never>' : `{ ${members.join('; ')} }`;
}

function toLiteral(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}
