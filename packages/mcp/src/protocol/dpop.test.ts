import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeBase64url } from './base64url.ts';
import { checkDpopProof, type ExpectedProof, parseDpopProof, thumbprintInput } from './dpop.ts';

const url = 'https://id.acme.example/token';
const now = 1_800_000_000;
const jwk = { kty: 'EC', crv: 'P-256', x: 'eHh4', y: 'eXl5' };
const expected: ExpectedProof = { method: 'POST', url, now, maxAgeSeconds: 60 };
const claims = { htm: 'POST', htu: url, jti: 'p1', iat: now };
const proof = (header: object = {}, change: object = {}) =>
  [
    { typ: 'dpop+jwt', alg: 'ES256', jwk, ...header },
    { ...claims, ...change },
  ]
    .map((part) => encodeBase64url(JSON.stringify(part)))
    .concat('c2ln')
    .join('.');

const rsa = (n: number, e: number) => proof({ alg: 'RS256', jwk: { kty: 'RSA', n: 'n'.repeat(n), e: 'e'.repeat(e) } });

function outcomeOf(text: string, change: Partial<ExpectedProof> = {}): string {
  const parsed = parseDpopProof(text);
  if (!parsed.ok) return parsed.refusal;
  const checked = checkDpopProof(parsed.value, 'thumb', { ...expected, ...change });
  return checked.ok ? 'accepted' : checked.refusal;
}

describe('IDP-31, RAS-29, RFC 9449 §4.3: checking a DPoP proof', () => {
  const table: [name: string, text: string, outcome: string, change?: Partial<ExpectedProof>][] = [
    ['as it should be', proof(), 'accepted'],
    ['two proofs joined (B28)', `${proof()}, ${proof()}`, 'dpop_proof_malformed'],
    ['a private key inside (B28)', proof({ jwk: { ...jwk, d: 'eA' } }), 'dpop_proof_malformed'],
    ['no key inside', proof({ jwk: undefined }), 'dpop_proof_malformed'],
    ['typ JWT', proof({ typ: 'JWT' }), 'dpop_proof_malformed'],
    ['symmetric alg (B28)', proof({ alg: 'HS256' }), 'dpop_proof_malformed'],
    ['alg none', proof({ alg: 'none' }), 'dpop_proof_malformed'],
    ['alg of another key type', proof({ alg: 'RS256' }), 'dpop_proof_malformed'],
    ['an RSA key of 8192 bits', rsa(1366, 6), 'accepted'],
    ['an RSA key that takes long to check with (T27)', rsa(1367, 6), 'dpop_proof_malformed'],
    ['an exponent that takes long to raise to (T27)', rsa(342, 7), 'dpop_proof_malformed'],
    ['a member that is no text', proof({ jwk: { ...jwk, n: null } }), 'dpop_proof_malformed'],
    ['htm GET (B28)', proof({}, { htm: 'GET' }), 'dpop_proof_other_request'],
    ['htu of the RAS (B28)', proof({}, { htu: 'https://mcp.acme.example/token' }), 'dpop_proof_other_request'],
    ['htu with a query', proof({}, { htu: `${url}?a=b` }), 'accepted'],
    ['htu that is no URL', proof({}, { htu: 'token' }), 'dpop_proof_other_request'],
    ['htu of a longer path', proof({}, { htu: `${url}/x` }), 'dpop_proof_other_request'],
    ['iat a minute ago', proof({}, { iat: now - 60 }), 'accepted'],
    ['stale iat (B28)', proof({}, { iat: now - 61 }), 'dpop_proof_stale'],
    ['iat ahead', proof({}, { iat: now + 61 }), 'dpop_proof_stale'],
    ['no iat', proof({}, { iat: undefined }), 'dpop_proof_malformed'],
    ['no jti', proof({}, { jti: undefined }), 'dpop_proof_malformed'],
    ['ath right', proof({}, { ath: 'h' }), 'accepted', { accessTokenHash: 'h' }],
    ['ath wrong (B79)', proof({}, { ath: 'x' }), 'dpop_proof_other_token', { accessTokenHash: 'h' }],
    ['ath missing', proof(), 'dpop_proof_other_token', { accessTokenHash: 'h' }],
    ['nonce demanded, none (B29)', proof(), 'dpop_nonce_needed', { acceptsNonce: (nonce) => nonce === 'n' }],
    [
      'nonce demanded, old (B29)',
      proof({}, { nonce: 'o' }),
      'dpop_nonce_needed',
      { acceptsNonce: (nonce) => nonce === 'n' },
    ],
    ['nonce right', proof({}, { nonce: 'n' }), 'accepted', { acceptsNonce: (nonce) => nonce === 'n' }],
  ];
  for (const [name, text, outcome, change] of table) {
    test(`${name}: ${outcome}`, () => assert.equal(outcomeOf(text, change), outcome));
  }

  test('RFC 7638 §3: the thumbprint is over the required members in order', () => {
    assert.equal(
      thumbprintInput({ ...jwk, kid: 'k', alg: 'ES256' }),
      '{"crv":"P-256","kty":"EC","x":"eHh4","y":"eXl5"}',
    );
    assert.equal(thumbprintInput({ kty: 'RSA', n: 'n', e: 'AQAB', kid: 'k' }), '{"e":"AQAB","kty":"RSA","n":"n"}');
    assert.equal(thumbprintInput({ kty: 'OKP', crv: 'Ed25519', x: 'x' }), '{"crv":"Ed25519","kty":"OKP","x":"x"}');
  });
});
