import { no, ok, type Result } from '@credence/mcp/protocol';
import { hashOnceCode } from '../../directory/once-codes.ts';
import {
  challengeOf,
  checkAssertion,
  newChallenge,
  parseAssertion,
  type RelyingParty,
  requestOptions,
} from '../../directory/passkey.ts';
import { findTotpStep } from '../../directory/totp.ts';
import type { Factor, Person } from '../../store/store.ts';
import type { SignInNote, SignInOptions } from './options.ts';
import { passkeyStrength, passwordAndApp, passwordAndRecoveryCode, type Strength } from './strength.ts';

/** How a second factor is shown, and judged. Whatever is accepted is used up by a conditional write before anybody is let in. */
export interface Proofs {
  /** A code of the person's authenticator app, or one of their recovery codes. The password was right already. */
  showCode(person: Person, typed: string, about: Pick<SignInNote, 'address' | 'facts'>): Promise<Result<Strength>>;
  /** Options for a passkey: one of these, or any that this browser has for us. `bound` says which page may send the answer. */
  askPasskey(bound: string, passkeys: readonly Factor[]): Promise<object>;
  /** An answer to such options: whose passkey it is, and that it was really shown. */
  showPasskey(bound: string, answer: string): Promise<Result<Factor>>;
}

const challengeModel = 'PasskeyChallenge';
const challengeSeconds = 300;

export function createProofs(options: SignInOptions): Proofs {
  const { store, now, factorSeal } = options;

  return {
    async showCode(person, typed, { address, facts }) {
      const code = typed.replace(/\s/g, '');
      if (/^\d{6}$/.test(code)) return showAppCode(person, code);
      const hash = hashOnceCode(typed);
      const note = { kind: 'alert', outcome: 'allowed', known: true, address } as const;
      if (hash === undefined) return no('factor_code_wrong');
      const about = { person: person.id, factor: { kind: 'recovery_code' }, detail: 'recovery code used' } as const;
      const isSpent = await options.inOneStep({ ...note, facts: { ...facts, ...about } }, (row) =>
        store.factors.spendRecoveryCode(person.id, hash, now(), [row]),
      );
      return isSpent ? ok(passwordAndRecoveryCode) : no('factor_code_wrong');
    },

    async askPasskey(bound, passkeys) {
      const challenge = await issueChallenge(options, bound);
      const ids = passkeys.flatMap(({ credentialId }) => credentialId ?? []);
      return requestOptions({ origin: options.issuer, challenge }, ids);
    },

    async showPasskey(bound, answer) {
      const relyingParty = await consumeChallenge(options, bound, answer);
      const assertion = parseAssertion(answer);
      if (!relyingParty || !assertion) return no('passkey_refused');
      const factor = await store.factors.findPasskey(assertion.id);
      if (!factor) return no('passkey_refused');
      const { material, isSynced, counter, personId } = factor;
      const judged = checkAssertion(assertion, relyingParty, { publicKey: material, isSynced, counter, personId });
      if (!judged.ok) return judged;
      // Two answers at once with one counter: the second finds it used.
      if (!(await store.factors.advance(factor.id, judged.value, now()))) return no('passkey_counter_went_back');
      return ok(factor);
    },
  };

  /** RFC 6238 §5.2: each step once, whoever is first, on any number of nodes. */
  async function showAppCode(person: Person, code: string): Promise<Result<Strength>> {
    let refusal: 'factor_code_wrong' | 'factor_code_replayed' = 'factor_code_wrong';
    for (const { id, kind, material } of await store.factors.of(person.id)) {
      if (kind !== 'totp') continue;
      const step = findTotpStep(openSecret(factorSeal, person.id, material), code, now());
      if (step === undefined) continue;
      if (await store.factors.advance(id, step, now())) return ok(passwordAndApp);
      refusal = 'factor_code_replayed';
    }
    return no(refusal);
  }
}

/** Makes a challenge that one page of one browser may answer, once. */
export async function issueChallenge({ store, now }: SignInOptions, bound: string): Promise<string> {
  const challenge = newChallenge();
  await store.artifacts.upsert(challengeModel, challenge, { bound }, now() + challengeSeconds);
  return challenge;
}

/** Uses the challenge of an answer up, whatever becomes of the answer. */
export async function consumeChallenge(
  { store, now, issuer }: SignInOptions,
  bound: string,
  answer: string,
): Promise<RelyingParty | undefined> {
  const challenge = challengeOf(answer);
  if (challenge === undefined) return undefined;
  const issued = await store.artifacts.find(challengeModel, challenge);
  if (issued?.bound !== bound || !(await store.artifacts.consume(challengeModel, challenge, now()))) return undefined;
  return { origin: issuer, challenge };
}

type Seal = SignInOptions['factorSeal'];

/** Sealed together with whose it is, so that a row copied to somebody else opens for nobody. */
export function sealSecret(seal: Seal, personId: string, secret: Buffer): string {
  return seal.close(JSON.stringify([personId, secret.toString('base64url')]));
}

export function openSecret(seal: Seal, personId: string, sealed: string): Buffer {
  const [owner, secret = ''] = JSON.parse(seal.open(sealed)) as string[];
  if (owner !== personId) throw new Error(`A secret in the store is not that of ${personId}.`);
  return Buffer.from(secret, 'base64url');
}

/** What a passkey was worth: alone, or after the password. */
export function strengthOf(factor: Factor, withPassword: boolean): Strength {
  return passkeyStrength(factor.isSynced, withPassword);
}
