import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ProofReplayed } from './key-binding.ts';
import { toNotes } from './records.ts';
import { PersonTooFast } from './refresh-pace.ts';

type Oidc = NonNullable<Parameters<typeof toNotes>[0]>;

const known = { nameOf: (id: string) => `name-of-${id}`, unavailable: undefined, clientLoosened: undefined };
const client = { clientId: 'c', clientAuthMethod: 'client_secret_basic' };
const session = { accountId: 'u_1', acr: 'acr-1', amr: ['pwd'], sidFor: (id: string) => `sid-of-${id}` };

/** What `oidc-provider` knows when an answer is made. */
const at = (route: string, more: object = {}) => ({ route, entities: {}, ...more }) as unknown as Oidc;
const noted = (oidc: Oidc | undefined, error?: unknown, more: Partial<typeof known> = {}) =>
  toNotes(oidc, error, { ...known, ...more }).at(-1);

describe('what an answer of the sign-in means for the record', () => {
  test('a code that goes out is a sign-in, and says how', () => {
    const code = { entities: { AuthorizationCode: {} }, session, client };
    const facts = { client: 'name-of-c', person: 'u_1', session: 'sid-of-c', acr: 'acr-1', amr: ['pwd'] };
    const note = { kind: 'sign_in', outcome: 'allowed', known: true };
    for (const [result, detail] of [
      [undefined, 'live session'],
      [{ consent: {} }, 'live session, confirmed'],
      [{ upstream: {}, login: {} }, 'upstream'],
      [{ login: {} }, 'password'],
    ] as const) {
      const found = noted(at('authorization', { ...code, result }));
      assert.deepEqual(found, { ...note, facts: { ...facts, detail } }, detail);
    }
    assert.equal(noted(at('authorization', { session, client })), undefined, 'nothing went out');
    assert.equal(noted(at('authorization', { session, client, result: { login: {} } }))?.kind, 'sign_in');
  });

  test('of a session nothing is said that it does not know', () => {
    const code = { entities: { AuthorizationCode: {} } };
    assert.deepEqual(noted(at('authorization', code))?.facts, { detail: 'live session' });
    assert.deepEqual(noted(at('authorization', { ...code, client }))?.facts, {
      client: 'name-of-c',
      detail: 'live session',
    });
    const bare = { ...session, acr: undefined, amr: undefined, accountId: undefined };
    assert.deepEqual(noted(at('authorization', { ...code, session: bare }))?.facts, { detail: 'live session' });
  });

  test('an ID Token that is given is told by whatever was traded for it', () => {
    const token = { accountId: 'u_1', sid: 's', amr: ['pwd'] };
    const params = { grant_type: 'authorization_code' };
    const facts = { client: 'name-of-c', grantType: 'authorization_code', person: 'u_1', session: 's', amr: ['pwd'] };
    const AccessToken = { jkt: 'thumb' };
    for (const entities of [{ AuthorizationCode: token }, { RefreshToken: token }]) {
      assert.deepEqual(noted(at('token', { client, params, entities }))?.facts, {
        ...facts,
        detail: 'ID token issued',
      });
      const bound = noted(at('token', { client, params, entities: { ...entities, AccessToken } }));
      assert.deepEqual(bound?.facts, { ...facts, keyThumbprint: 'thumb', detail: 'ID token issued' });
    }
    const legacy = noted(at('token', { client, params }), undefined, { clientLoosened: ['legacy_audience'] as never });
    assert.deepEqual(legacy?.facts, {
      client: 'name-of-c',
      clientLoosened: ['legacy_audience'],
      grantType: 'authorization_code',
      detail: 'ID token issued',
    });
  });

  test('a sign-out is told of whoever was signed in', () => {
    const facts = { person: 'u_1', client: 'name-of-c', session: 'sid-of-c' };
    for (const [params, detail] of [
      [{ logout: 'yes' }, 'the session ended, with all that hung on it'],
      [{}, 'one client was taken out'],
      [undefined, 'one client was taken out'],
    ] as const) {
      const found = noted(at('end_session_confirm', { session, client, params }));
      assert.deepEqual(found, { kind: 'sign_out', outcome: 'allowed', known: true, facts: { ...facts, detail } });
    }
    assert.equal(
      noted(at('end_session_confirm', { session: { ...session, accountId: undefined }, client })),
      undefined,
    );
    assert.equal(noted(at('end_session_confirm', { client })), undefined);
  });

  test('a sign-in that is refused after all is both, and one that is not kept is none', () => {
    const refused = { error: 'access_denied' };
    const kept = { ...session, jti: 'j', asRead: '{"jti":"j"}' };
    const kindsOf = (more: object, error?: object) =>
      toNotes(at('resume', { client, ...more }), error, known).map(({ kind }) => kind);
    assert.deepEqual(kindsOf({ session: kept, result: { login: {} } }, refused), ['sign_in', 'refusal']);
    assert.deepEqual(kindsOf({ session: kept, result: { login: {} } }), ['sign_in']);
    for (const more of [
      { session: kept, result: { consent: {} } },
      { session: kept },
      { session: { ...kept, accountId: undefined }, result: { login: {} } },
      { session: { ...kept, asRead: undefined }, result: { login: {} } },
      { session: { ...kept, jti: 'another' }, result: { login: {} } },
      { result: { login: {} } },
    ]) {
      assert.deepEqual(kindsOf(more, refused), ['refusal'], JSON.stringify(more));
    }
  });

  test('before anything is known there is nothing to say', () => {
    assert.equal(noted(undefined, { error: 'server_error' }), undefined);
  });
});

describe('a refusal', () => {
  const refusalOf = (oidc: Oidc, error: unknown, more?: Partial<typeof known>) => {
    const note = noted(oidc, error, more);
    assert.deepEqual([note?.kind, note?.outcome], ['refusal', 'refused']);
    return note;
  };
  const reasonOf = (...of: Parameters<typeof refusalOf>) => refusalOf(...of)?.reason;

  test('has the code and never the text, which may repeat what was sent', () => {
    const error = { error: 'invalid_request', error_description: 'secret' };
    assert.deepEqual(refusalOf(at('authorization'), error)?.facts, { detail: 'invalid_request' });
    for (const other of [new Error('secret'), null, 'secret', { error: 5 }]) {
      assert.deepEqual(refusalOf(at('authorization'), other)?.facts, { detail: 'server_error' });
    }
    assert.equal(refusalOf(at('authorization'), { error: 'x'.repeat(99) })?.facts.detail, 'x'.repeat(60));
  });

  test('is of somebody known who is signed in, or showed good credentials where clients show them', () => {
    const wrong = { error: 'invalid_grant' };
    const isKnown = (oidc: Oidc, error: object = wrong) => refusalOf(oidc, error)?.known;
    assert.equal(isKnown(at('authorization', { session })), true);
    assert.equal(isKnown(at('authorization', { session: { ...session, accountId: undefined } })), false);
    assert.equal(isKnown(at('authorization', { client })), false, 'anybody names a client there');
    assert.equal(isKnown(at('token', { client })), true);
    assert.equal(isKnown(at('pushed_authorization_request', { client })), true);
    assert.equal(isKnown(at('token', { client }), { error: 'invalid_client' }), false);
    assert.equal(isKnown(at('token', { client: { ...client, clientAuthMethod: 'none' } })), false);
    assert.equal(isKnown(at('token')), false);
  });

  test('names the person whose session or refresh token it was', () => {
    const RefreshToken = { accountId: 'u_2' };
    assert.equal(refusalOf(at('token', { entities: { RefreshToken } }), {})?.facts.person, 'u_2');
    assert.equal(refusalOf(at('token', { entities: { RefreshToken }, session }), {})?.facts.person, 'u_1');
  });

  test('has a reason', () => {
    const refused = (error: string) => ({ error });
    const grantOf = (grant_type: string) => ({ params: { grant_type } });
    const ofInteraction = (error: string) => ({ entities: { Interaction: { result: { error } } } });
    const table: [Oidc, string, string | undefined][] = [
      [at('token', { client }), 'use_dpop_nonce', 'dpop_nonce_needed'],
      [at('token', { client }), 'invalid_dpop_proof', 'sign_in_proof_refused'],
      [at('token'), 'invalid_client', 'client_unknown'],
      [at('token', { client }), 'invalid_client', 'client_secret_wrong'],
      [at('token', { client }), 'unsupported_grant_type', 'unknown_grant_type'],
      [at('token', { client }), 'invalid_request', 'token_request_refused'],
      [at('token', { client }), 'invalid_grant', 'code_not_accepted'],
      [at('token', { client, ...grantOf('refresh_token') }), 'invalid_grant', 'refresh_token_not_accepted'],
      [at('token', { client, body: { grant_type: 'refresh_token' } }), 'invalid_grant', 'refresh_token_not_accepted'],
      [at('authorization'), 'invalid_request', 'sign_in_request_refused'],
      [at('authorization', ofInteraction('access_denied')), 'access_denied', 'sign_in_cancelled'],
      [at('authorization', ofInteraction('unmet_authentication_requirements')), 'access_denied', 'factor_needed'],
    ];
    for (const [oidc, code, reason] of table) assert.equal(reasonOf(oidc, refused(code)), reason, `${reason}`);
    assert.equal(reasonOf(at('token', { client }), new ProofReplayed()), 'dpop_proof_replayed');
    assert.equal(reasonOf(at('token', { client }), new PersonTooFast()), 'person_too_fast');
    const away = { unavailable: 'client_metadata_unreachable' } as never;
    assert.equal(reasonOf(at('token'), refused('invalid_client'), away), 'client_metadata_unreachable');
  });
});
