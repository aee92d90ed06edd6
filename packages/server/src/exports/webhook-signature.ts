import { createHmac, hash } from 'node:crypto';

/** The headers of the Standard Webhooks convention. @see https://www.standardwebhooks.com */
export interface WebhookHeaders {
  /** The same for the same content, however often it is sent: by it a receiver knows what it has already. */
  readonly 'webhook-id': string;
  /** Epoch seconds; a receiver refuses what is older than some minutes. */
  readonly 'webhook-timestamp': string;
  /** `v1,<base64>` for each secret, separated by a space. */
  readonly 'webhook-signature': string;
}

const secretForm = /^whsec_([A-Za-z0-9+/]{32,200}={0,2})$/;
/** A key shorter than this adds nothing to HMAC-SHA256; longer than 64 bytes the convention does not have. */
const keyBytes = { least: 24, most: 64 };

/** Reads the secrets of a file, one a line; `undefined` when there is none, more than two, or one that is not of the right form. */
export function parseSecrets(text: string): readonly Buffer[] | undefined {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const keys = lines.map((line) => Buffer.from(secretForm.exec(line)?.[1] ?? '', 'base64'));
  const isGood = ({ length }: Buffer) => length >= keyBytes.least && length <= keyBytes.most;
  return keys.length >= 1 && keys.length <= 2 && keys.every(isGood) ? keys : undefined;
}

/** Signs id, time and body together, so that none of them can be put with another. */
export function signWebhook(body: string, timestamp: number, keys: readonly Buffer[]): WebhookHeaders {
  const id = `msg_${hash('sha256', body, 'base64url').slice(0, 32)}`;
  const sign = (key: Buffer) => createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': keys.map((key) => `v1,${sign(key)}`).join(' '),
  };
}
