import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** An authenticator in software that does what it is told, also what a good one would not. For tests. */
export interface TestPasskey {
  readonly id: string;
  counter: number;
  /** An answer to the options in a page, as the page's script would send it. */
  make(options: TestOptions, change?: Change): string;
  use(options: TestOptions, change?: Change): string;
}

export interface TestOptions {
  readonly challenge: string;
  readonly user?: { readonly id: string };
}

/** What is not as it should be. */
export interface Change {
  readonly client?: Readonly<Record<string, unknown>>;
  readonly flags?: number;
  readonly rpId?: string;
  readonly id?: string;
  readonly userHandle?: string | undefined;
  readonly publicKey?: KeyObject;
  readonly signature?: string;
  /** Bytes of the credential id. */
  readonly rawId?: Buffer;
  /** Bytes it says the id has. */
  readonly idLength?: number;
  /** Flags that `make` would set and does not. */
  readonly without?: number;
}

const flags = { synced: 0x1d, oneDevice: 0x05, attested: 0x40 };

export function createTestPasskey(
  origin: string,
  { kind = 'ec', isSynced = false }: { kind?: 'ec' | 'ed25519' | 'rsa'; isSynced?: boolean } = {},
): TestPasskey {
  const { publicKey, privateKey } = generateKeys(kind);
  const rawId = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
  const id = rawId.toString('base64url');
  let userHandle: string | undefined;

  const clientData = (type: string, challenge: string, change: Change) =>
    Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false, ...change.client }));
  const authenticatorData = (change: Change, extra: number, rest: Buffer) => {
    const data = Buffer.alloc(37);
    createHash('sha256')
      .update(change.rpId ?? new URL(origin).hostname)
      .digest()
      .copy(data);
    data.writeUInt8((change.flags ?? (isSynced ? flags.synced : flags.oneDevice)) | extra, 32);
    data.writeUInt32BE(passkey.counter, 33);
    return Buffer.concat([data, rest]);
  };

  const passkey: TestPasskey = {
    id,
    counter: isSynced ? 0 : 1,
    make(options, change = {}) {
      userHandle = options.user?.id;
      const length = Buffer.alloc(18);
      const ownId = change.rawId ?? rawId;
      length.writeUInt16BE(change.idLength ?? ownId.length, 16);
      const key = (change.publicKey ?? publicKey).export({ type: 'spki', format: 'der' });
      return JSON.stringify({
        id: change.id ?? ownId.toString('base64url'),
        clientDataJSON: clientData('webauthn.create', options.challenge, change).toString('base64url'),
        authenticatorData: authenticatorData(
          change,
          flags.attested & ~(change.without ?? 0),
          Buffer.concat([length, ownId]),
        ).toString('base64url'),
        publicKey: key.toString('base64url'),
      });
    },
    use(options, change = {}) {
      if (!isSynced) passkey.counter += 1;
      const client = clientData('webauthn.get', options.challenge, change);
      const data = authenticatorData(change, 0, Buffer.alloc(0));
      const signed = Buffer.concat([data, createHash('sha256').update(client).digest()]);
      const signature = sign(kind === 'ed25519' ? null : 'sha256', signed, privateKey).toString('base64url');
      return JSON.stringify({
        id: change.id ?? id,
        clientDataJSON: client.toString('base64url'),
        authenticatorData: data.toString('base64url'),
        signature: change.signature ?? signature,
        userHandle: 'userHandle' in change ? change.userHandle : userHandle,
      });
    },
  };
  return passkey;
}

function generateKeys(kind: 'ec' | 'ed25519' | 'rsa'): { publicKey: KeyObject; privateKey: KeyObject } {
  if (kind === 'ec') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  if (kind === 'rsa') return generateKeyPairSync('rsa', { modulusLength: 2048 });
  return generateKeyPairSync('ed25519');
}
