import type { StoredAuditRow } from '../store/store.ts';

/** "Log audit", the facility for records such as these. @see https://www.rfc-editor.org/rfc/rfc5424#section-6.2.1 */
const facility = 13;
const severities = { warning: 4, notice: 5, informational: 6 } as const;

/**
 * A message of RFC 5424. The text is one visible line in UTF-8; a byte order mark, which §6.4 wants before it, is left out: what
 * parses JSON or CEF would choke on it, and so the message is of the kind that says nothing of its encoding.
 * @param host - our name, printable ASCII
 */
export function toSyslogMessage(row: StoredAuditRow, text: string, host: string): string {
  const priority = facility * 8 + severityOf(row);
  const time = new Date(row.timeMs).toISOString();
  return `<${priority}>1 ${time} ${toName(host, 255)} credence - ${toName(row.kind, 32)} - ${text}`;
}

/** As it stands in a stream: its length in bytes, a space, the message. @see https://www.rfc-editor.org/rfc/rfc5425#section-4.3.1 */
export function toFrame(message: string): string {
  return `${Buffer.byteLength(message)} ${message}`;
}

function severityOf({ kind, body }: StoredAuditRow): number {
  if (kind === 'alert') return severities.warning;
  return (JSON.parse(body) as { outcome?: string }).outcome === 'refused'
    ? severities.notice
    : severities.informational;
}

/** A field of the header: printable ASCII without spaces, or `-` for none. */
function toName(text: string, longest: number): string {
  return text.replace(/[^\x21-\x7e]/g, '').slice(0, longest) || '-';
}
