import {
  type Refusal,
  type RefusalRow,
  refusalRow,
  resourceMetadataUrl,
  signatureAlgorithms,
  wireCodes,
} from '../protocol/index.ts';

/** What a challenge tells the client about the server it asked. */
export interface ChallengeContext {
  readonly resource: string;
  /** Scopes to ask for: the basic set, or with `insufficient_scope` what the operation needs. */
  readonly scopes: readonly string[];
  /** Whether a DPoP-bound token was shown, or has to be. */
  readonly scheme: 'Bearer' | 'DPoP';
  /** Reference for the operator, such as a decision id. */
  readonly reference?: string | undefined;
  /** Where the person whose agent it was reads why: a URL in ASCII; anything else is left out. */
  readonly page?: string | undefined;
}

/**
 * The refusal as the client needs it: status, `WWW-Authenticate` and a JSON body. No token sent means no error code, only
 * where to get one (MCS-03, MCS-08). @see https://www.rfc-editor.org/rfc/rfc6750#section-3 @see https://www.rfc-editor.org/rfc/rfc9728#section-5.1
 */
export function challenge(refusal: Refusal, context: ChallengeContext): Response {
  const { resource, scopes, scheme, reference } = context;
  // RFC 6750 §3: what is between the quotes of `error_uri` has no letters that could end them.
  const page =
    context.page !== undefined && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(context.page) ? context.page : undefined;
  const row: RefusalRow & { status: number } = refusalRow(refusal);
  const parameters = [
    ...(refusal === 'token_missing' ? [] : [`error="${row.wire}"`]),
    ...(page === undefined ? [] : [`error_uri="${page}"`]),
    `resource_metadata="${resourceMetadataUrl(resource)}"`,
    ...(scopes.length > 0 ? [`scope="${scopes.join(' ')}"`] : []),
    ...(scheme === 'DPoP' ? [`algs="${signatureAlgorithms.join(' ')}"`] : []), // RFC 9449 §7.1
  ];
  const { sentence } = wireCodes[row.wire];
  const more = page === undefined ? '' : ` See why, and what to do: ${page}`;
  const body = {
    error: row.wire,
    error_description: `${sentence}${more}${reference ? ` Reference: ${reference}` : ''}`,
    ...(page !== undefined && { error_uri: page }),
  };
  const headers: Record<string, string> = { 'cache-control': 'no-store' };
  // RFC 6750 §3: also with 400. Only whoever is told to wait has to get no other token.
  if (row.status !== 503) headers['www-authenticate'] = `${scheme} ${parameters.join(', ')}`;
  if (row.status === 503) headers['retry-after'] = '1';
  return Response.json(body, { status: row.status, headers });
}
