import { STATUS_CODES } from 'node:http';
import { refusalRow, wireCodes } from '@credence/mcp/protocol';
import type { Refused } from './route.ts';

/** Headers of every answer: nothing is kept, framed, run or read by another origin. */
export const apiHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
} as const;

/** How an answer to a refusal begins, beyond its row. */
export interface Told {
  /** The decision id: what the record calls this request. */
  readonly reference: string | undefined;
  /** Whether it is told to somebody who has proven who they are: then the reason and what to do about it are said too. */
  readonly known: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A refusal as `application/problem+json`. Strangers get the status and one generic sentence.
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export function toProblem(refused: Refused, { reference, known, headers }: Told): Response {
  const { refusal, detail, errors, current } = refused;
  const { status, wire, hint, help } = refusalRow(refusal);
  const reason = {
    code: refusal,
    detail: detail ?? hint,
    ...(help !== undefined && { help }),
    ...(errors && { errors }),
    ...(current !== undefined && { current }),
  };
  const body = {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Refused',
    status,
    ...(known ? reason : { detail: wireCodes[wire].sentence }),
    ...(reference !== undefined && { reference }),
  };
  return toProblemResponse(status, body, headers);
}

/** A broken world: nothing of it is told. */
export function toFaultProblem(status: 500 | 503): Response {
  const { sentence } = wireCodes[status === 503 ? 'temporarily_unavailable' : 'server_error'];
  const body = { type: 'about:blank', title: STATUS_CODES[status], status, detail: sentence };
  return toProblemResponse(status, body, status === 503 ? { 'retry-after': '1' } : {});
}

function toProblemResponse(status: number, body: object, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...apiHeaders, 'content-type': 'application/problem+json', ...headers },
  });
}
