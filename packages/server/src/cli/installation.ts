import { Option } from 'commander';
import type { Plan } from '../changes/plan.ts';
import type { Json } from '../policy/diff/entries.ts';
import { Problem } from '../problem.ts';
import type { PolicyKind } from '../store/store.ts';
import { openHere } from './installation-here.ts';
import { openThere } from './installation-there.ts';

/** A version as it is listed. */
export interface VersionLine {
  readonly version: number;
  readonly author: string;
  readonly publishedAt: number;
  readonly digest: string;
}

/** What became of a document that was applied: `open`, a draft that somebody has to take over; `proposed`, one that waits for approval. */
export type Applied =
  | { readonly draft: string; readonly state: 'open' | 'proposed' }
  | { readonly draft: string; readonly state: 'published'; readonly version: number };

/** The policy of an installation, as commands read and change it: that of a home, or one that runs elsewhere. */
export interface PolicyPlace {
  /** Where that is, for people. */
  readonly words: string;
  /** Versions of a document, the newest first. */
  versions(kind: PolicyKind): Promise<readonly VersionLine[]>;
  document(kind: PolicyKind, version: number): Promise<Json>;
  plan(kind: PolicyKind, document: Json): Promise<Plan>;
  /**
   * Makes a draft of it, and publishes it where that takes nobody else. Where the same text waits already, that is the draft.
   * @param plan - what was shown: when another version was published since, nothing happens
   */
  apply(plan: Plan, document: Json, name: string): Promise<Applied>;
}

export interface PlaceFlags {
  readonly home: string;
  readonly config?: string | undefined;
  readonly url?: string | undefined;
  readonly tokenFile?: string | undefined;
}

/** Options of a command that speaks with an installation elsewhere, beside those for a home. */
export function placeOptions(): readonly Option[] {
  return [
    new Option(
      '--url <url>',
      'admin listener of an installation that runs elsewhere, such as https://admin.acme.example',
    ).env('CREDENCE_URL'),
    new Option('--token-file <file>', 'file with an API token for it (default: the variable CREDENCE_TOKEN)').env(
      'CREDENCE_TOKEN_FILE',
    ),
  ];
}

/** Does some work on the installation that the flags name. */
export function withPlace<T>(flags: PlaceFlags, work: (place: PolicyPlace) => Promise<T>): Promise<T> {
  return flags.url === undefined ? openHere(flags, work) : openThere({ ...flags, url: flags.url }, work);
}

/** What is applied is what was shown, or nothing. */
export function otherVersion(base: number, { kind, from }: Plan): Problem {
  return new Problem(
    `Version ${base} of the ${kind} document was published meanwhile; what was shown is the difference to version ${from}.`,
    'Look again with: credence plan -f FILE',
  );
}

/** Of drafts: the one that has this text already, for the version in force. */
export function isSameText({ kind, digest, from }: Plan) {
  return (draft: { readonly kind: string; readonly digest: string; readonly base: number }) =>
    draft.kind === kind && draft.digest === digest && draft.base === from;
}
