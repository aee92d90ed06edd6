import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { type Change, createTestPasskey } from '../idp/sign-in/test-passkey.ts';
import {
  challengeOf,
  checkAssertion,
  checkCreation,
  creationOptions,
  newChallenge,
  parseAssertion,
  requestOptions,
  userHandleOf,
} from './passkey.ts';

const origin = 'https://id.acme.example';
const person = { id: 'u_1', email: 'alice@acme.example', name: 'Alice' };

describe('a passkey', () => {
  for (const kind of ['ec', 'ed25519', 'rsa'] as const) {
    for (const isSynced of [false, true]) {
      test(`${kind}, ${isSynced ? 'synced' : 'on one device'}: is made, and lets in`, () => {
        const passkey = createTestPasskey(origin, { kind, isSynced });
        const making = { origin, challenge: newChallenge() };
        const made = checkCreation(passkey.make(creationOptions(making, 'Acme', person, [])), making);
        assert.ok(made.ok);
        assert.deepEqual([made.value.credentialId, made.value.isSynced], [passkey.id, isSynced]);
        const using = { origin, challenge: newChallenge() };
        const answer = passkey.use(requestOptions(using, [passkey.id]));
        assert.equal(challengeOf(answer), using.challenge);
        const assertion = parseAssertion(answer);
        assert.ok(assertion);
        assert.deepEqual(checkAssertion(assertion, using, { ...made.value, personId: person.id }), {
          ok: true,
          value: isSynced ? 0 : 2,
        });
      });
    }
  }

  const client: [name: string, change: Change][] = [
    ['another challenge', { client: { challenge: newChallenge() } }],
    ['another origin', { client: { origin: 'https://id.acme.example.evil.example' } }],
    ['the origin with another port', { client: { origin: `${origin}:8443` } }],
    ['a frame of another site', { client: { crossOrigin: true } }],
    ['a frame of a named site', { client: { topOrigin: 'https://evil.example' } }],
    ['another ceremony', { client: { type: 'payment.get' } }],
    ['another RP ID', { rpId: 'acme.example' }],
    ['nobody was there', { flags: 0x04 }],
    ['nobody was verified', { flags: 0x01 }],
  ];

  describe('is not made when', () => {
    const making = { origin, challenge: newChallenge() };
    const options = creationOptions(making, 'Acme', person, []);
    const table: [name: string, answer: string][] = [
      ...client.map(([name, change]): [string, string] => [name, createTestPasskey(origin).make(options, change)]),
      ['it does not say that there is a credential in it', make({ without: 0x40 })],
      ['its id is longer than 1023 bytes', make({ rawId: Buffer.alloc(1024, 1) })],
      ['its id is cut short', make({ rawId: Buffer.alloc(31, 1), idLength: 32 })],
      ['the length of its id is cut short', changed({ authenticatorData: cutAt(54) })],
      ['its id is not that of the authenticator', createTestPasskey(origin).make(options, { id: 'AAAA' })],
      [
        'its key is of a curve we did not ask for',
        makeWith(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey),
      ],
      ['its RSA key is short', makeWith(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)],
      ['its key is for agreement, not for signing', makeWith(generateKeyPairSync('x25519').publicKey)],
      ['it is an assertion', createTestPasskey(origin).use(options)],
      ['it is not JSON', 'credential'],
      ['it is cut short', changed({ authenticatorData: Buffer.alloc(36).toString('base64url') })],
      ['it has no credential in it', changed({ authenticatorData: Buffer.alloc(54).toString('base64url') })],
      ['its key is no key', changed({ publicKey: 'AAAA' })],
    ];
    for (const [name, answer] of table) {
      test(name, () => assert.deepEqual(checkCreation(answer, making), { ok: false, refusal: 'passkey_refused' }));
    }
    test('but an id of 1023 bytes is as good as any', () => {
      assert.equal(checkCreation(make({ rawId: Buffer.alloc(1023, 1) }), making).ok, true);
    });
    function make(change: Change) {
      return createTestPasskey(origin).make(options, change);
    }
    function cutAt(length: number) {
      const whole = Buffer.from(JSON.parse(make({})).authenticatorData, 'base64url');
      return whole.subarray(0, length).toString('base64url');
    }
    function makeWith(publicKey: Change['publicKey'] & object) {
      return createTestPasskey(origin).make(options, { publicKey });
    }
    function changed(change: object) {
      return JSON.stringify({ ...JSON.parse(createTestPasskey(origin).make(options)), ...change });
    }
  });

  describe('does not let in when', () => {
    const making = { origin, challenge: newChallenge() };
    const passkey = createTestPasskey(origin);
    const made = checkCreation(passkey.make(creationOptions(making, 'Acme', person, [])), making);
    assert.ok(made.ok);
    const known = { ...made.value, personId: person.id };
    const using = { origin, challenge: newChallenge() };
    const other = createTestPasskey(origin);
    const judge = (answer: string, of = known) => {
      const assertion = parseAssertion(answer);
      return assertion ? checkAssertion(assertion, using, of) : undefined;
    };
    const table: [name: string, change: Change][] = [
      ...client,
      ['it says it is copied between devices, and was not', { flags: 0x1d }],
      ['it is of somebody else', { userHandle: userHandleOf('u_2') }],
      ['its signature is of something else', { signature: JSON.parse(other.use(using)).signature }],
      ['its signature is none', { signature: 'AAAA' }],
    ];
    for (const [name, change] of table) {
      test(name, () => assert.deepEqual(judge(passkey.use(using, change)), { ok: false, refusal: 'passkey_refused' }));
    }
    test('it was made by another key', () => {
      assert.deepEqual(judge(other.use(using, { userHandle: undefined })), { ok: false, refusal: 'passkey_refused' });
    });
    test('data was changed after it was signed', () => {
      const answer = JSON.parse(passkey.use(using));
      const data = Buffer.from(answer.authenticatorData, 'base64url');
      data.writeUInt32BE(9999, 33);
      const forged = JSON.stringify({ ...answer, authenticatorData: data.toString('base64url') });
      assert.deepEqual(judge(forged), { ok: false, refusal: 'passkey_refused' });
    });
    const counters: [name: string, known: number, said: number, ok: boolean][] = [
      ['grows', 5, 6, true],
      ['stays', 5, 5, false],
      ['falls', 5, 4, false],
      ['falls to none', 5, 0, false],
      ['was never there', 0, 0, true],
    ];
    for (const [name, before, said, isGood] of counters) {
      test(`WebAuthn §6.1.1: its counter ${name}: ${isGood ? 'lets in' : 'passkey_counter_went_back'}`, () => {
        passkey.counter = said - 1;
        const expected = isGood ? { ok: true, value: said } : { ok: false, refusal: 'passkey_counter_went_back' };
        assert.deepEqual(judge(passkey.use(using), { ...known, counter: before }), expected);
      });
    }
    test('the answer is not of the form', () => {
      for (const answer of ['', '{}', '[]', 'null', JSON.stringify({ id: 'a', signature: '=' })]) {
        assert.equal(parseAssertion(answer), undefined);
        assert.equal(challengeOf(answer), undefined);
      }
    });
  });

  test('options name the host as RP ID, ask for a verified person and no attestation, and carry no personal id', () => {
    const options = creationOptions({ origin: 'http://localhost:4000', challenge: 'c' }, 'Acme', person, ['known']);
    assert.deepEqual(options.rp, { id: 'localhost', name: 'Acme' });
    assert.deepEqual(options.authenticatorSelection.userVerification, 'required');
    assert.deepEqual(
      [options.attestation, options.excludeCredentials],
      ['none', [{ type: 'public-key', id: 'known' }]],
    );
    assert.deepEqual(
      options.pubKeyCredParams.map(({ alg }) => alg),
      [-7, -8, -257],
    );
    assert.notEqual(options.user.id, person.id);
    const request = requestOptions({ origin, challenge: 'c' }, []);
    assert.deepEqual([request.rpId, request.userVerification], ['id.acme.example', 'required']);
  });
});
