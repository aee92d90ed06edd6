import { createHash, createPublicKey, type KeyObject, randomBytes, verify } from 'node:crypto';
import { no, ok, type Result } from '@credence/mcp/protocol';
import { z } from 'zod';

/**
 * Passkeys: WebAuthn Level 3 without attestation. We ask for none, so nothing vouches for the make of an authenticator, and
 * the public key is taken as the browser hands it out for just this case (§5.2.1.1).
 * @see https://www.w3.org/TR/webauthn-3/#sctn-rp-operations
 */
export interface RelyingParty {
  /** Origin of the issuer, character for character; the RP ID is its host. */
  readonly origin: string;
  readonly challenge: string;
}

export interface NewPasskey {
  readonly credentialId: string;
  /** SubjectPublicKeyInfo, base64url. */
  readonly publicKey: string;
  readonly counter: number;
  /** Kept in a password manager that copies it from device to device (backup eligible, §6.1.3). */
  readonly isSynced: boolean;
}

/** COSE algorithms, the cheapest to verify first: ES256, EdDSA, RS256. */
const algorithms = [-7, -8, -257];
const timeoutMs = 300_000;

export function newChallenge(): string {
  return randomBytes(32).toString('base64url');
}

/** The id that an authenticator keeps with the passkey and gives back: opaque, no personal data (§14.6.1). */
export function userHandleOf(personId: string): string {
  return createHash('sha256').update(`credence user handle\0${personId}`).digest('base64url');
}

/** What the page hands to `navigator.credentials.create()`. */
export function creationOptions(
  { origin, challenge }: RelyingParty,
  organisation: string,
  person: { readonly id: string; readonly email: string; readonly name: string },
  knownIds: readonly string[],
) {
  return {
    challenge,
    rp: { id: new URL(origin).hostname, name: organisation },
    user: { id: userHandleOf(person.id), name: person.email, displayName: person.name },
    pubKeyCredParams: algorithms.map((alg) => ({ type: 'public-key', alg })),
    excludeCredentials: toDescriptors(knownIds),
    authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
    attestation: 'none',
    timeout: timeoutMs,
  };
}

/**
 * What the page hands to `navigator.credentials.get()`.
 * @param ids - passkeys that will do; none named: any that this authenticator has for us
 */
export function requestOptions({ origin, challenge }: RelyingParty, ids: readonly string[]) {
  return {
    challenge,
    rpId: new URL(origin).hostname,
    allowCredentials: toDescriptors(ids),
    userVerification: 'required',
    timeout: timeoutMs,
  };
}

function toDescriptors(ids: readonly string[]) {
  return ids.map((id) => ({ type: 'public-key', id }));
}

const base64url = z.string().regex(/^[\w-]{1,8192}$/);
const Creation = z.object({
  id: base64url,
  clientDataJSON: base64url,
  authenticatorData: base64url,
  publicKey: base64url,
});
const Assertion = z.object({
  id: base64url,
  clientDataJSON: base64url,
  authenticatorData: base64url,
  signature: base64url,
  userHandle: base64url.nullish(),
});
export type Assertion = z.output<typeof Assertion>;

const ClientData = z.object({
  type: z.string(),
  challenge: z.string(),
  origin: z.string(),
  crossOrigin: z.boolean().optional(),
  topOrigin: z.string().optional(),
});

/** The challenge that an answer claims to be to; it has to be used up before anything else is looked at. */
export function challengeOf(answer: string): string | undefined {
  const parsed = z.object({ clientDataJSON: base64url }).safeParse(parseJson(answer));
  return parsed.success ? readClientData(parsed.data.clientDataJSON)?.challenge : undefined;
}

/** Judges a new passkey (§7.1), as far as there is something to judge without attestation. */
export function checkCreation(answer: string, relyingParty: RelyingParty): Result<NewPasskey> {
  const parsed = Creation.safeParse(parseJson(answer));
  if (!parsed.success) return no('passkey_refused');
  const { id, clientDataJSON, authenticatorData, publicKey } = parsed.data;
  const data = checkCeremony('webauthn.create', clientDataJSON, authenticatorData, relyingParty);
  if (!data || data.credentialId !== id || !toKey(publicKey)) return no('passkey_refused');
  return ok({ credentialId: id, publicKey, counter: data.counter, isSynced: data.isSynced });
}

export function parseAssertion(answer: string): Assertion | undefined {
  return Assertion.safeParse(parseJson(answer)).data;
}

/** Judges the answer of a passkey that is known (§7.2). Resolves to its signature counter, which MUST be advanced. */
export function checkAssertion(
  assertion: Assertion,
  relyingParty: RelyingParty,
  known: Omit<NewPasskey, 'credentialId'> & { readonly personId: string },
): Result<number> {
  const { clientDataJSON, authenticatorData, signature, userHandle } = assertion;
  const data = checkCeremony('webauthn.get', clientDataJSON, authenticatorData, relyingParty);
  const key = toKey(known.publicKey);
  if (!data || !key || data.isSynced !== known.isSynced) return no('passkey_refused');
  if (userHandle && userHandle !== userHandleOf(known.personId)) return no('passkey_refused');
  const signed = Buffer.concat([decode(authenticatorData), sha256(decode(clientDataJSON))]);
  const hash = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  if (!verify(hash, signed, key, decode(signature))) return no('passkey_refused');
  // §6.1.1: a counter that does not grow may mean a copy of the authenticator. Synced passkeys always say 0.
  const hasCounter = data.counter !== 0 || known.counter !== 0;
  if (hasCounter && data.counter <= known.counter) return no('passkey_counter_went_back');
  return ok(data.counter);
}

interface AuthenticatorData {
  readonly counter: number;
  readonly isSynced: boolean;
  readonly credentialId: string | undefined;
}

/** What both ceremonies share: kind, challenge, origin, RP ID, and that a person was there and was verified. */
function checkCeremony(
  type: string,
  clientDataJSON: string,
  authenticatorData: string,
  { origin, challenge }: RelyingParty,
): AuthenticatorData | undefined {
  const client = readClientData(clientDataJSON);
  if (client?.type !== type || client.challenge !== challenge || client.origin !== origin) return undefined;
  if (client.crossOrigin === true || client.topOrigin !== undefined) return undefined;

  const bytes = decode(authenticatorData);
  if (bytes.length < 37 || !bytes.subarray(0, 32).equals(sha256(new URL(origin).hostname))) return undefined;
  const flags = bytes.readUInt8(32);
  const has = (flag: number) => (flags & flag) !== 0;
  if (!has(flag.userPresent) || !has(flag.userVerified)) return undefined;
  const data = { counter: bytes.readUInt32BE(33), isSynced: has(flag.backupEligible) };
  if (!has(flag.attestedCredential)) return { ...data, credentialId: undefined };
  // §6.5.1: 16 bytes of AAGUID, two of length, the id.
  const length = bytes.subarray(53, 55);
  if (length.length !== 2) return undefined;
  const id = bytes.subarray(55, 55 + length.readUInt16BE());
  // §7.1: "Verify that the credentialId is ≤ 1023 bytes."
  if (id.length > 1023 || id.length !== length.readUInt16BE()) return undefined;
  return { ...data, credentialId: id.toString('base64url') };
}

/** §6.1, figure 8. */
const flag = { userPresent: 0x01, userVerified: 0x04, backupEligible: 0x08, attestedCredential: 0x40 } as const;

function readClientData(text: string): z.output<typeof ClientData> | undefined {
  return ClientData.safeParse(parseJson(decode(text).toString('utf8'))).data;
}

/** A key of one of the kinds asked for, or nothing. */
function toKey(spki: string): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: decode(spki), format: 'der', type: 'spki' });
    const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
    const isGood =
      key.asymmetricKeyType === 'ed25519' ||
      (key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') ||
      (key.asymmetricKeyType === 'rsa' && [2048, 3072, 4096].includes(modulusLength));
    return isGood ? key : undefined;
  } catch {
    return undefined;
  }
}

function decode(text: string): Buffer {
  return Buffer.from(text, 'base64url');
}

function sha256(data: string | Buffer): Buffer {
  return createHash('sha256').update(data).digest();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
