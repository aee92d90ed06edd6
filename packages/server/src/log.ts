import { type DestinationStream, type Logger, pino } from 'pino';

export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export const logFormats = ['json', 'text'] as const;

export interface LogSettings {
  readonly level: (typeof logLevels)[number];
  /** JSON for machines, text for somebody who looks on. */
  readonly format: (typeof logFormats)[number];
}

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
const censor = '[redacted]';

/**
 * What looks like a token or a secret, whatever member or message it stands in: a net below the list above, for what nobody
 * thought of. Nothing of ours is to be caught in it, and a test of the whole program sees to that.
 */
const lookLikeSecrets = [
  /eyJ[\w-]{6,}(?:\.[\w-]*){2,4}/g, // a JWS or JWE
  /\b(?:Bearer|Basic|DPoP) +[\w.~+/-]{8,}=*/gi,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[^"\\]|\\.)*/g, // to the end of the string it is in
  /(?<=[?&](?:code|token|[a-z]+_token|[a-z]*_?assertion|client_secret|password|state)=)[^&\s"\\]+/g,
];

/** Operator's log, one line each on standard error. The record of decisions is elsewhere: the audit log. */
export function createLog(
  { level, format }: LogSettings = { level: 'info', format: 'json' },
  destination: DestinationStream = standardError(),
): Logger {
  const paths = redacted.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
  return pino(
    {
      base: null,
      level,
      redact: { paths, censor },
      timestamp: pino.stdTimeFunctions.isoTime,
      hooks: { streamWrite: (line) => (format === 'text' ? toText(withoutSecrets(line)) : withoutSecrets(line)) },
    },
    destination,
  );
}

/**
 * A log that cannot be written, as on a full disk, ends no server: what comes meanwhile waits, as far as there is room for it, and goes
 * with the first line that can be written again.
 */
function standardError(): DestinationStream {
  const destination = pino.destination({ fd: 2, sync: true, maxLength: mostWaiting });
  destination.on('error', () => undefined);
  return destination;
}

const mostWaiting = 1024 * 1024;

/** A text without whatever looks like a secret. */
export function withoutSecrets(text: string): string {
  return lookLikeSecrets.reduce((rest, pattern) => rest.replace(pattern, censor), text);
}

const levelNames: Readonly<Record<number, string>> = {
  20: 'DEBUG',
  30: 'INFO ',
  40: 'WARN ',
  50: 'ERROR',
  60: 'FATAL',
};

/** Time, level, words, and the rest as JSON: what came from outside breaks no line and hides nothing in it (LOG-05). */
function toText(line: string): string {
  const { level, time, msg, ...rest } = JSON.parse(line) as { level: number; time: string; msg?: string };
  const members = Object.entries(rest).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `${[time, levelNames[level] ?? level, msg ?? '', ...members].join(' ').replace(invisible, toEscape)}\n`;
}

const invisible = /[\p{C}\p{Zl}\p{Zp}]/gu;

function toEscape(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
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
