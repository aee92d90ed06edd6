import type { z } from 'zod';
import { AccessDocument } from './access-document.ts';
import { checkAccessReferences } from './access-references.ts';
import { checkSize } from './document-size.ts';
import { readYaml, type YamlProblem } from './read-yaml.ts';
import { childOf, type Finding, readAlready } from './references.ts';
import { ResourceDocument } from './resource-document.ts';
import { checkResourceReferences } from './resource-references.ts';

export type DocumentKind = 'access' | 'resource';

/** A mistake in a document: where it is (from 1), at which path, and what would be right. */
export type PolicyProblem = YamlProblem;

export type ParsedPolicy<Document> =
  | { readonly ok: true; readonly document: Document }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

interface Documents {
  readonly access: AccessDocument;
  readonly resource: ResourceDocument;
}

/** Reads a policy document from YAML. All its mistakes are found at once; a document with any is refused whole. */
export function parsePolicy<Kind extends DocumentKind>(text: string, kind: Kind): ParsedPolicy<Documents[Kind]>;
export function parsePolicy(text: string, kind: DocumentKind): ParsedPolicy<Documents[DocumentKind]> {
  const yaml = readYaml(text);
  if (!yaml.ok) return yaml;
  const parsed = parseDocument(yaml.value, kind);
  if (parsed.ok) return parsed;
  return {
    ok: false,
    problems: parsed.findings.map(yaml.locate).sort((a, b) => a.line - b.line || a.column - b.column),
  };
}

/** The same of a document that came as a value: all its mistakes, each at its path. */
export function parseDocument(
  raw: unknown,
  kind: DocumentKind,
):
  | { readonly ok: true; readonly document: Documents[DocumentKind] }
  | { readonly ok: false; readonly findings: readonly Finding[] } {
  const tooLarge = checkSize(raw, kind);
  if (tooLarge.length > 0) return { ok: false, findings: tooLarge };
  const parsed = (kind === 'access' ? AccessDocument : ResourceDocument).safeParse(raw);
  const references = kind === 'access' ? referencesOf(raw, parsed) : checkResourceReferences(raw);
  const findings = [...(parsed.error?.issues ?? []).flatMap(toFindings), ...references];
  if (parsed.success && findings.length === 0) return { ok: true, document: parsed.data };
  return { ok: false, findings };
}

function referencesOf(
  raw: unknown,
  { success, data }: { readonly success: boolean; readonly data?: unknown },
): Finding[] {
  return success ? checkAccessReferences(data, readAlready) : checkAccessReferences(raw);
}

/** Tells an access document from a resource document by the words only one of them has. */
export function kindOfPolicy(text: string, fileName = ''): DocumentKind | undefined {
  const yaml = readYaml(text);
  const raw = yaml.ok ? yaml.value : undefined;
  if (childOf(raw, 'rules') !== undefined) return 'access';
  if (childOf(raw, 'trust') !== undefined) return 'resource';
  const entries = ['servers', 'clients'].flatMap((section) => Object.values(childOf(raw, section) ?? {}));
  const hasWord = (...words: string[]) => entries.some((entry) => words.some((word) => childOf(entry, word)));
  const isAccess = hasWord('ras', 'resource', 'local', 'client_ids', 'redirect_uris') || /access/i.test(fileName);
  const isResource = hasWord('upstream', 'tools') || /resource/i.test(fileName);
  if (isAccess === isResource) return undefined;
  return isAccess ? 'access' : 'resource';
}

/** What a schema found, each at its own place. */
export function toFindings(issue: z.core.$ZodIssue): Finding[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], message: issue.message, atKey: true }));
  }
  if (issue.code === 'invalid_key') {
    const [why] = issue.issues;
    return [{ path, message: why?.message ?? issue.message, atKey: true }];
  }
  // A list or a word: the mistake inside the list is the one worth telling.
  const inside = issue.code === 'invalid_union' ? issue.errors.find((errors) => (errors[0]?.path.length ?? 0) > 0) : [];
  if (inside && inside.length > 0)
    return inside.flatMap((inner) => toFindings({ ...inner, path: [...path, ...inner.path] }));
  return [{ path, message: issue.message }];
}
