import { type Refusal, refusalRow, type WireCode } from '@credence/mcp/protocol';

/** What clients are told of a bad subject token. */
export type BadSubjectToken = 'invalid_grant' | 'invalid_request';

/**
 * The wire code of a refusal at the token exchange. For a subject token that is not accepted RFC 8693 demands `invalid_request`;
 * the drafts and what is deployed show `invalid_grant`, which is the default (catalogue A1). The reason on the record is the same.
 * @see https://www.rfc-editor.org/rfc/rfc8693#section-2.2.2
 */
export function toExchangeCode(refusal: Refusal, badSubjectToken: BadSubjectToken = 'invalid_grant'): WireCode {
  const { wire } = refusalRow(refusal);
  const isAboutIt = refusal.startsWith('subject_token_') || refusal === 'refresh_token_not_accepted';
  return isAboutIt && wire === 'invalid_grant' ? badSubjectToken : wire;
}
