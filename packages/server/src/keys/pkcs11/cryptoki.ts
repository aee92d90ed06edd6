import { createRequire } from 'node:module';
import { Problem } from '../../problem.ts';

/** A session, a slot or an object, as the token names it. */
export type Handle = Buffer;

export interface Attribute {
  readonly type: number;
  readonly value?: Buffer | string | number | boolean;
}

export interface Mechanism {
  readonly mechanism: number;
  readonly parameter?: unknown;
}

/** The calls of PKCS #11 that are used here, as the package `pkcs11js` offers them. */
export interface Cryptoki {
  load(file: string): void;
  C_Initialize(options: { readonly flags: number }): void;
  C_Finalize(): void;
  C_GetSlotList(withToken: boolean): Handle[];
  C_GetTokenInfo(slot: Handle): { readonly label: string };
  C_OpenSession(slot: Handle, flags: number): Handle;
  C_CloseSession(session: Handle): void;
  C_Login(session: Handle, user: number, pin: string): void;
  C_FindObjectsInit(session: Handle, template: readonly Attribute[]): void;
  C_FindObjects(session: Handle, max: number): Handle[];
  C_FindObjectsFinal(session: Handle): void;
  C_GetAttributeValue(session: Handle, object: Handle, template: readonly Attribute[]): { readonly value: Buffer }[];
  C_GenerateKeyPairAsync(
    session: Handle,
    mechanism: Mechanism,
    forPublic: readonly Attribute[],
    forPrivate: readonly Attribute[],
  ): Promise<{ readonly publicKey: Handle }>;
  C_SignInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  /** In a thread of its own, which knows the addresses of both buffers only: they have to be held meanwhile. */
  C_SignAsync(session: Handle, data: Buffer, room: Buffer): Promise<Buffer>;
}

/** Numbers of the standard. @see https://docs.oasis-open.org/pkcs11/pkcs11-curr/v2.40/pkcs11-curr-v2.40.html */
export const ck = {
  class: 0x000,
  token: 0x001,
  private: 0x002,
  label: 0x003,
  keyType: 0x100,
  id: 0x102,
  sensitive: 0x103,
  sign: 0x108,
  verify: 0x10a,
  modulus: 0x120,
  modulusBits: 0x121,
  publicExponent: 0x122,
  extractable: 0x162,
  ecParams: 0x180,
  ecPoint: 0x181,
} as const;
export const objectClass = { private: 3 } as const;
export const mechanisms = {
  rsaKeyPair: 0x0000,
  sha256Rsa: 0x0040,
  sha256RsaPss: 0x0043,
  ecKeyPair: 0x1040,
  ecdsa: 0x1041,
  sha256: 0x0250,
} as const;
/** `type` is the driver's own number for this kind of parameters. */
export const pss = { type: 5, hashAlg: mechanisms.sha256, mgf: 2, saltLen: 32 } as const;
export const session = { readWrite: 2, serial: 4 } as const;
export const normalUser = 1;
/** Says that several threads will call: without it a module need not lock anything, and SoftHSM does not. */
export const osLocking = { flags: 2 } as const;

/** Return codes that mean: open everything again. A token was restarted, or somebody else closed what was ours. */
const lost = new Set([0x30, 0x31, 0x32, 0x60, 0x82, 0xb0, 0xb3, 0xe0, 0x101, 0x190]);
const wrongPin = new Set([0xa0, 0xa1, 0xa2, 0xa4, 0x103]);
const alreadyThere = new Set([0x100, 0x191]);

/** What a token that is away says itself, where we know it without asking. */
export const lostError = (): Error => Object.assign(new Error('the token is away'), { code: 0xb3 });
export const isLost = (error: unknown): boolean => lost.has(codeOf(error));
export const isWrongPin = (error: unknown): boolean => wrongPin.has(codeOf(error));
/** Logged in before, or initialized before, by this same process. */
export const isDoneBefore = (error: unknown): boolean => alreadyThere.has(codeOf(error));

/** The name of a return code, such as `CKR_PIN_INCORRECT`; never an argument of the call. */
export function nameOf(error: unknown): string {
  const [first = ''] = error instanceof Error ? error.message.split('\n', 1) : [];
  return first.slice(0, 120) || 'unknown error';
}

function codeOf(error: unknown): number {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : -1;
}

const driver = 'pkcs11js';

/**
 * Loads the package that speaks PKCS #11. It is compiled where it is installed, so it is no dependency: whoever has a token
 * installs it. @param folder - where it is, when not beside this program
 */
export function loadDriver(folder: string | undefined): Cryptoki {
  try {
    const { PKCS11 } = createRequire(import.meta.url)(folder ?? driver) as { PKCS11: new () => Cryptoki };
    return new PKCS11();
  } catch (error) {
    throw new Problem(
      `keys.pkcs11 needs the package ${driver}, and it cannot be loaded${folder ? ` from ${folder}` : ''}: ${nameOf(error)}.`,
      `Install it in a folder of its own (npm install --ignore-scripts=false ${driver}) and name FOLDER/node_modules/${driver} under keys.pkcs11.driver.`,
    );
  }
}
