import { type DocumentKind, kindOfPolicy, type PolicyProblem, parsePolicy } from './parse.ts';
import { wholeText } from './read-yaml.ts';

/** What `credence policy check` found. */
export interface PolicyCheck {
  /** `undefined` when the text does not show which document it is. */
  readonly kind: DocumentKind | undefined;
  readonly problems: readonly PolicyProblem[];
}

/** Judges the text of a policy document; which of the two it is shows from its words, or from the name of the file. */
export function checkPolicyText(text: string, fileName: string): PolicyCheck {
  const kind = kindOfPolicy(text, fileName);
  const parsed = parsePolicy(text, kind ?? 'access');
  if (kind === undefined && (parsed.ok || parsed.problems.every(({ path }) => path !== wholeText))) {
    const message = 'is this an access or a resource document? An access document has rules, a resource document trust';
    return { kind, problems: [{ line: 1, column: 1, path: wholeText, message }] };
  }
  return { kind, problems: parsed.ok ? [] : parsed.problems };
}
