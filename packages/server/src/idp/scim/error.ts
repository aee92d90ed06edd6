import { type Refusal, refusalRow } from '@credence/mcp/protocol';
import type { ScimProblem } from '../../directory/scim/problem.ts';
import { urn } from '../../directory/scim/schema.ts';

/** Detail error keywords; a problem without one has none (RFC 7644 §3.12, table 9). */
const scimTypes: Partial<Record<Refusal, string>> = {
  scim_user_name_taken: 'uniqueness',
  scim_email_taken: 'uniqueness',
  scim_filter_invalid: 'invalidFilter',
  scim_too_many: 'tooMany',
  scim_path_invalid: 'invalidPath',
  scim_no_target: 'noTarget',
  scim_immutable: 'mutability',
  scim_value_invalid: 'invalidValue',
  scim_body_malformed: 'invalidSyntax',
};

/** The body of an error (PRV-03). @param reference - the record that has more, for the administrator */
export function toErrorBody({ refusal, detail }: ScimProblem, reference?: string): ErrorBody {
  const scimType = scimTypes[refusal];
  return {
    schemas: [urn.error],
    status: String(refusalRow(refusal).status),
    ...(scimType && { scimType }),
    detail: reference === undefined ? `${detail}.` : `${detail}. Reference: ${reference}`,
  };
}

interface ErrorBody {
  readonly schemas: readonly string[];
  readonly status: string;
  readonly scimType?: string;
  readonly detail: string;
}
