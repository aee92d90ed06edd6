import { hash } from 'node:crypto';
import { type EpochSeconds, no, ok, type Result } from '@credence/mcp/protocol';
import { randomId } from '../../call.ts';
import { hashOnceCode, newOnceCode } from '../../directory/once-codes.ts';
import { checkCreation, creationOptions } from '../../directory/passkey.ts';
import { findTotpStep, newTotpSecret, toBase32, totpUri } from '../../directory/totp.ts';
import { acrOf, coversAcr } from '../../policy/sign-in-levels.ts';
import { type Factor, type Person, StoreConflict } from '../../store/store.ts';
import type { SignInNote, SignInOptions } from './options.ts';
import type { Progress } from './progress.ts';
import { consumeChallenge, issueChallenge, openSecret, sealSecret } from './proofs.ts';

/** A new factor, and the recovery codes that come with a first one: shown once, never kept. */
export interface Enrolled {
  readonly factor: Factor;
  readonly recoveryCodes: readonly string[];
}

export interface AppSetup {
  readonly uri: string;
  readonly secret: string;
}

/** Adds factors, during a sign-in and on the page where a person looks after them. */
export interface Enrolment {
  /** A new secret for an authenticator app, sealed: it counts once a code of it was typed. */
  newApp(personId: string): string;
  appSetup(person: Person, sealedSecret: string): AppSetup;
  addApp(person: Person, progress: Progress, code: string, about: About): Promise<Result<Enrolled>>;
  askPasskey(person: Person, bound: string): Promise<object>;
  addPasskey(
    person: Person,
    progress: Progress,
    bound: string,
    answer: string,
    about: About,
  ): Promise<Result<Enrolled>>;
  /** Hash of an enrolment code that is good for this person now. */
  readCode(person: Person, typed: string): Promise<string | undefined>;
  /** Lets a person who has just chosen a password by a link enrol a first factor, as if the code had been typed. */
  grantPass(personId: string, code: EnrolmentCode): Promise<void>;
  /** Hash of the enrolment code of such a person. */
  passOf(person: Person): Promise<string | undefined>;
}

export interface EnrolmentCode {
  readonly codeHash: string;
  readonly until: EpochSeconds;
}

const passModel = 'EnrolmentPass';
const passSeconds = 900;

/** An enrolment code that nobody ever sees: for {@link Enrolment.grantPass}. */
export function newEnrolmentCode(now: EpochSeconds): EnrolmentCode {
  return { codeHash: hashOnceCode(newOnceCode()) ?? '', until: now + passSeconds };
}

/** Where it happens, for the record. */
export type About = Pick<SignInNote, 'address' | 'facts'>;

const recoveryCodeCount = 10;

export function newRecoveryCodes(): { codes: readonly string[]; hashes: readonly string[] } {
  const codes = Array.from({ length: recoveryCodeCount }, newOnceCode);
  return { codes, hashes: codes.flatMap((code) => hashOnceCode(code) ?? []) };
}

export function createEnrolment(options: SignInOptions): Enrolment {
  const { store, now, factorSeal, organisation, inOneStep } = options;

  return {
    newApp: (personId) => sealSecret(factorSeal, personId, newTotpSecret()),

    appSetup(person, sealedSecret) {
      const secret = openSecret(factorSeal, person.id, sealedSecret);
      return { uri: totpUri(secret, { organisation, email: person.email }), secret: toBase32(secret) };
    },

    async addApp(person, progress, code, about) {
      const { sealedSecret } = progress;
      if (sealedSecret === undefined) return no('factor_code_wrong');
      const secret = openSecret(factorSeal, person.id, sealedSecret);
      const step = findTotpStep(secret, code.replace(/\s/g, ''), now());
      if (step === undefined) return no('factor_code_wrong');
      // The code that confirms it is used up: it lets nobody in afterwards.
      const app = { kind: 'totp', name: 'Authenticator app', material: sealedSecret, counter: step } as const;
      return add(person, progress, { ...app, credentialId: undefined, isSynced: false }, about);
    },

    async askPasskey(person, bound) {
      const challenge = await issueChallenge(options, bound);
      const known = (await store.factors.of(person.id)).flatMap(({ credentialId }) => credentialId ?? []);
      return creationOptions({ origin: options.issuer, challenge }, organisation, person, known);
    },

    async addPasskey(person, progress, bound, answer, about) {
      const relyingParty = await consumeChallenge(options, bound, answer);
      const made = relyingParty ? checkCreation(answer, relyingParty) : no('passkey_refused');
      if (!made.ok) return made;
      const { publicKey, ...rest } = made.value;
      const name = rest.isSynced ? 'Passkey' : 'Passkey on one device';
      try {
        return await add(person, progress, { kind: 'passkey', name, material: publicKey, ...rest }, about);
      } catch (error) {
        if (error instanceof StoreConflict) return no('passkey_refused');
        throw error;
      }
    },

    async readCode(person, typed) {
      const hash = hashOnceCode(typed);
      const isGood = hash !== undefined && (await store.factors.hasEnrolmentCode(person.id, hash, now()));
      return isGood ? hash : undefined;
    },

    grantPass: (personId, { codeHash, until }) =>
      store.artifacts.upsert(passModel, personId, { accountId: personId, codeHash }, until),

    async passOf({ id }) {
      const codeHash = (await store.artifacts.find(passModel, id))?.codeHash;
      const isGood = typeof codeHash === 'string' && (await store.factors.hasEnrolmentCode(id, codeHash, now()));
      return isGood ? codeHash : undefined;
    },
  };

  type Kind = Omit<Factor, 'id' | 'personId' | 'createdAt' | 'lastUsedAt'>;

  async function add(person: Person, progress: Progress, kind: Kind, about: About): Promise<Result<Enrolled>> {
    const factor = { ...kind, id: toId(kind), personId: person.id, createdAt: now(), lastUsedAt: undefined };
    const isThisOne = ({ id }: Factor) => id === factor.id;
    const isFirst = (await store.factors.of(person.id)).every(isThisOne);
    // Asked here, whatever page led here: another factor needs one that was shown, a first one its code or a policy that
    // says otherwise.
    if (!isFirst && !coversAcr(progress.shown.acr, acrOf.twoFactors)) return no('factor_needed');
    if (isFirst && progress.enrolmentCode === undefined && options.firstFactor() === 'code') {
      return no('enrolment_code_wrong');
    }
    const { codes, hashes } = isFirst ? newRecoveryCodes() : { codes: [], hashes: undefined };
    const how = isFirst
      ? progress.enrolmentCode
        ? 'first, by enrolment code'
        : 'first, by password alone'
      : 'another';
    const noteOf = (detail: string): SignInNote => {
      const facts = { ...about.facts, person: person.id, factor: { kind: kind.kind, id: factor.id }, detail };
      return { kind: 'factor', outcome: 'allowed', known: true, address: about.address, facts };
    };
    const adding = inOneStep(noteOf(`factor enrolled: ${how}`), (row) =>
      store.factors.add(factor, {
        enrolmentCode: isFirst ? progress.enrolmentCode : undefined,
        recoveryCodes: hashes,
        now: now(),
        records: [row],
      }),
    );
    const isAdded = await adding.catch((error: unknown) => {
      if (kind.kind === 'totp' && error instanceof StoreConflict) return false;
      throw error;
    });
    if (isAdded) return ok({ factor, recoveryCodes: codes });
    // The form was sent twice, and the other one was first. Whoever sees the page that comes last is to see codes that are good.
    if (!(await store.factors.of(person.id)).some(isThisOne)) return no('enrolment_code_wrong');
    const replaced = noteOf('recovery codes replaced: nobody had kept them yet');
    if (hashes) await inOneStep(replaced, (row) => store.factors.setRecoveryCodes(person.id, hashes, [row]));
    return ok({ factor, recoveryCodes: codes });
  }
}

/** One secret is one app: were it there twice, each of its codes would count twice. */
function toId({ kind, material }: Pick<Factor, 'kind' | 'material'>): string {
  return kind === 'totp' ? `f_${hash('sha256', material, 'base64url').slice(0, 22)}` : randomId('f_');
}
