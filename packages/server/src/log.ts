import { type DestinationStream, type Logger, pino } from 'pino';

/** Members that are never written, wherever they turn up (LOG-01, LOG-02). */
const redacted = [
  'authorization',
  'cookie',
  'password',
  'client_secret',
  'client_assertion',
  'assertion',
  'subject_token',
  'access_token',
  'id_token',
  'refresh_token',
  'code',
  'dpop',
  'email',
];

/** Operator's log, one JSON object a line on standard error. The record of decisions is elsewhere: the audit log. */
export function createLog(destination: DestinationStream = pino.destination({ fd: 2, sync: true })): Logger {
  const paths = redacted.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
  return pino(
    { base: null, redact: { paths, censor: '[redacted]' }, timestamp: pino.stdTimeFunctions.isoTime },
    destination,
  );
}

/** What may be said of a fault: its name, code and place, never its text, which may quote what was sent. */
export function toFault(fault: unknown): { name: string; errorCode?: string; at?: string } {
  if (!(fault instanceof Error)) return { name: typeof fault };
  const { code } = fault as NodeJS.ErrnoException;
  const at = fault.stack
    ?.split('\n')
    .find((line) => line.includes('    at '))
    ?.trim();
  return { name: fault.name, ...(code && { errorCode: String(code) }), ...(at && { at }) };
}
