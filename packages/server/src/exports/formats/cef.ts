import { isIP } from 'node:net';
import { type Exported, scopesOf, subjectOf } from './exported.ts';
import { toVisible } from './visible.ts';

/** The shortest limit that CEF has for a field we fill. */
const longest = 1023;

/**
 * The record in the Common Event Format, version 0, on one line. Custom strings carry labels, so that a SIEM shows what they are.
 * Whatever was written by others is escaped: a header ends at `|`, a value at `=`, a line nowhere (T32).
 */
export function toCef(record: Exported): string {
  const { kind, domain, outcome, reason } = record;
  const header = ['Credence', 'Credence', '1', reason ?? `${kind}.${outcome}`, `${kind} ${outcome}`];
  const extension = fieldsOf(record).map(([key, value]) => `${key}=${escapeValue(clip(String(value)))}`);
  const start = ['CEF:0', ...header.map((text) => escapeHeader(clip(text))), severityOf(record)].join('|');
  return `${start}|${[`cat=${escapeValue(domain)}`, ...extension].join(' ')}`;
}

type Field = readonly [key: string, value: string | number];

function fieldsOf(record: Exported): readonly Field[] {
  const { chain, address } = record;
  const family = isIP(address ?? '');
  return [
    ['rt', record.timeMs],
    ['externalId', record.id],
    ['outcome', record.outcome],
    ...named('reason', record.reason),
    ...named('suid', subjectOf(record)),
    ...named('duid', record.by),
    ...(family === 4 ? named('src', address) : []),
    ...(family === 6 ? labelled('c6a2', 'Source IPv6 Address', address) : []),
    ...named('destinationServiceName', record.server ?? record.audience),
    ...named('request', record.resource),
    ...named('requestMethod', record.method),
    ...labelled('cs1', 'client', record.client),
    ...labelled('cs2', 'scopes', scopesOf(record).join(' ')),
    ...labelled('cs3', 'tool', record.tool),
    ...labelled('cs4', 'rules', record.decision?.because.join(' ')),
    ...labelled('cs5', 'idJag', record.idJag),
    ...labelled('cs6', 'accessToken', record.accessToken),
    ...labelled('cn1', 'seq', chain.seq),
    ...labelled('cn2', 'policyVersion', record.policy?.version),
    ...labelled('flexString1', 'correlation', record.correlation),
    ...labelled('flexString2', 'hash', chain.hash),
    ['deviceExternalId', chain.node],
    ...named('msg', record.detail),
  ];
}

function named(key: string, value: string | number | undefined): readonly Field[] {
  return value === undefined || value === '' ? [] : [[key, value]];
}

function labelled(key: string, label: string, value: string | number | undefined): readonly Field[] {
  return named(key, value).flatMap((field) => [field, [`${key}Label`, label] as const]);
}

/** 0 to 10: 3 is a matter of course, 5 a refusal, 8 somebody should look. */
function severityOf({ kind, outcome }: Exported): string {
  if (kind === 'alert') return '8';
  return outcome === 'refused' ? '5' : '3';
}

function escapeHeader(text: string): string {
  return toVisible(text.replace(/[\\|]/g, '\\$&'));
}

/** A line break keeps its meaning, as CEF writes it; whatever else cannot be seen is made visible. */
function escapeValue(text: string): string {
  return text
    .split(/(\r|\n)/)
    .map((part) => (part === '\n' ? '\\n' : part === '\r' ? '\\r' : toVisible(part.replace(/[\\=]/g, '\\$&'))))
    .join('');
}

/** Cut before it is escaped, so that no escape is cut in two; by code points, so that no character is. */
function clip(text: string): string {
  if (text.length <= longest) return text;
  return `${[...text.slice(0, longest)].slice(0, -1).join('')}…`;
}
