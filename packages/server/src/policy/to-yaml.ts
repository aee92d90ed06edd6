import { stringify } from 'yaml';
import { z } from 'zod';
import { AccessDocument } from './access-document.ts';
import { type DocumentKind, parsePolicy } from './parse.ts';
import { ResourceDocument } from './resource-document.ts';

/**
 * A document as YAML for people: what is left out is the default. Read again it is the same document to the letter; where leaving
 * out would change anything, everything is written out.
 */
export function toYaml(kind: DocumentKind, document: object): string {
  const schema = kind === 'access' ? AccessDocument : ResourceDocument;
  const short = write(withoutDefaults(schema, document));
  return isSame(kind, short, document) ? short : write(document);
}

function write(value: unknown): string {
  return stringify(value, { lineWidth: 120, singleQuote: true, aliasDuplicateObjects: false });
}

function isSame(kind: DocumentKind, text: string, document: object): boolean {
  const parsed = parsePolicy(text, kind);
  return parsed.ok && JSON.stringify(parsed.document) === JSON.stringify(document);
}

/**
 * Follows the schema, which the value has, as far as it is mappings, lists and records: what a choice between forms says stays as it
 * is.
 */
function withoutDefaults(schema: unknown, value: unknown): unknown {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) {
    return withoutDefaults(schema.def.innerType, value);
  }
  if (schema instanceof z.ZodArray) return (value as unknown[]).map((each) => withoutDefaults(schema.element, each));
  const entries = () => Object.entries(value as object);
  if (schema instanceof z.ZodRecord) {
    return Object.fromEntries(entries().map(([key, each]) => [key, withoutDefaults(schema.valueType, each)]));
  }
  if (!(schema instanceof z.ZodObject)) return value;
  const told = entries().filter(([key, each]) => !isDefault(schema.shape[key], each));
  return Object.fromEntries(told.map(([key, each]) => [key, withoutDefaults(schema.shape[key], each)]));
}

function isDefault(schema: unknown, value: unknown): boolean {
  return schema instanceof z.ZodDefault && JSON.stringify(schema.def.defaultValue) === JSON.stringify(value);
}
