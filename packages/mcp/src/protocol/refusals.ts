/** One reason to refuse. The caller sees `wire` and a generic sentence; the operator sees the key, `rule` and `hint`. */
export interface RefusalRow {
  /** OAuth error code on the wire. */
  readonly wire: WireCode;
  /** The requirement of the catalogue (spec/requirements.md) that demands it. */
  readonly rule: string;
  /** What was wrong, for the operator. */
  readonly hint: string;
  /** What the operator can do about it, where that is not obvious. */
  readonly help?: string;
  /** HTTP status where it is not the usual one of `wire`. */
  readonly status?: number;
}

/** Status and the one sentence a caller gets for each OAuth error code. */
export const wireCodes = {
  invalid_request: { status: 400, sentence: 'The request is missing something, repeats something or is malformed.' },
  invalid_client: { status: 401, sentence: 'Client authentication failed.' },
  invalid_grant: { status: 400, sentence: 'The assertion or token presented was not accepted.' },
  invalid_target: { status: 400, sentence: 'The audience or resource asked for is not one this server can grant.' },
  invalid_scope: { status: 400, sentence: 'None of the scopes asked for can be granted.' },
  unsupported_grant_type: { status: 400, sentence: 'This grant type is not offered here.' },
  unsupported_token_type: { status: 400, sentence: 'Tokens of this kind are not revoked here.' },
  unauthorized_client: { status: 400, sentence: 'This client may not use this grant.' },
  access_denied: { status: 400, sentence: "Your organisation's policy does not allow this." },
  insufficient_user_authentication: { status: 400, sentence: 'A fresher or stronger sign-in is needed.' },
  invalid_authorization_details: { status: 400, sentence: 'The authorization details asked for cannot be granted.' },
  use_dpop_nonce: { status: 400, sentence: 'A DPoP proof with the nonce given here is needed.' },
  invalid_dpop_proof: { status: 400, sentence: 'The DPoP proof was not accepted.' },
  invalid_token: { status: 401, sentence: 'The access token was not accepted.' },
  insufficient_scope: { status: 403, sentence: 'The access token does not cover this operation.' },
  slow_down: { status: 429, sentence: 'Too many requests; wait before trying again.' },
  temporarily_unavailable: { status: 503, sentence: 'Temporarily unavailable; try again.' },
  server_error: { status: 500, sentence: 'The server met an unexpected condition.' },
} as const;
export type WireCode = keyof typeof wireCodes;

/** Every refusal there is. Callers switch on the key; a test asks for each row to be produced. */
export const refusals = {
  // Any token endpoint: reading the request
  wrong_method: { wire: 'invalid_request', status: 405, rule: 'HTP-01', hint: 'only POST is accepted here' },
  wrong_content_type: {
    wire: 'invalid_request',
    status: 415,
    rule: 'HTP-01',
    hint: 'the body must be application/x-www-form-urlencoded',
  },
  body_too_large: {
    wire: 'invalid_request',
    status: 413,
    rule: 'HTP-01',
    hint: 'the body is larger than the 64 KiB, or 4 MiB for a document, that it may have',
  },
  malformed_form: {
    wire: 'invalid_request',
    rule: 'HTP-01',
    hint: 'the body is not a valid form, or has too many parameters',
  },
  repeated_parameter: {
    wire: 'invalid_request',
    rule: 'IDP-06',
    hint: 'a single-valued parameter was sent more than once',
  },
  missing_parameter: { wire: 'invalid_request', rule: 'IDP-05', hint: 'a required parameter is absent or empty' },
  unknown_grant_type: {
    wire: 'unsupported_grant_type',
    rule: 'IDP-05',
    hint: 'the grant_type is not one offered at this endpoint',
  },
  too_many_requests: {
    wire: 'slow_down',
    rule: 'IDP-38',
    hint: 'the limit for failures of this client or address was reached, or that for what one network begins or asks for without credentials',
  },

  // Client authentication
  two_client_methods: {
    wire: 'invalid_request',
    rule: 'HTP-02',
    hint: 'more than one client authentication method was used',
  },
  client_ids_differ: {
    wire: 'invalid_request',
    rule: 'HTP-02',
    hint: 'client_id in the body differs from the authenticated client',
  },
  client_unknown: {
    wire: 'invalid_client',
    rule: 'IDP-01',
    hint: 'no client is registered under this client_id',
    help: 'Add the client to the policy document and create its credentials.',
  },
  client_secret_wrong: { wire: 'invalid_client', rule: 'IDP-01', hint: 'the client secret is not one of this client' },
  client_not_authenticated: {
    wire: 'invalid_client',
    rule: 'IDP-01',
    hint: 'a confidential client sent no credentials',
  },
  client_method_not_allowed: {
    wire: 'invalid_client',
    rule: 'IDP-02',
    hint: 'this client is registered for another authentication method',
  },
  client_assertion_invalid: {
    wire: 'invalid_client',
    rule: 'IDP-04',
    hint: 'the client assertion is malformed, wrongly addressed, expired or signed by an unknown key',
  },
  client_assertion_wrong_type: {
    wire: 'invalid_client',
    rule: 'KEY-10',
    hint: 'typ of the client assertion, or of the token of its platform, says that it is another kind of token',
    help: 'It may be JWT, JOSE or client-authentication+jwt, or be left out.',
  },
  client_assertion_replayed: { wire: 'invalid_client', rule: 'IDP-04', hint: 'the client assertion was used before' },
  client_assertion_before_epoch: {
    wire: 'invalid_client',
    rule: 'IDP-04',
    hint: 'the client assertion, or the token of its platform, is from before this store was restored or moved: it may have been used',
    help: 'A new one is taken. One without iat is taken an hour after: have the client set iat.',
  },
  client_metadata_unavailable: {
    wire: 'invalid_client',
    rule: 'CIM-02',
    hint: 'the client ID metadata document of this client cannot be fetched, or is not in order',
    help: 'The log says why. It is asked for again after 30 seconds.',
  },
  client_keys_unavailable: {
    wire: 'invalid_client',
    rule: 'CIM-04',
    hint: 'the keys of this client, or of the issuer of its workload tokens, cannot be fetched',
    help: 'The log says why. They are asked for again after 30 seconds.',
  },
  client_grant_not_listed: {
    wire: 'unauthorized_client',
    rule: 'CIM-09',
    hint: 'the metadata document of this client lists the ID-JAG profile, but not this grant among its grant_types',
    help: 'Whoever publishes the document has to mend it.',
  },
  client_public_not_allowed: {
    wire: 'invalid_client',
    rule: 'RAS-02',
    hint: 'this client has no credentials, and nothing allows it to come without',
    help: 'Set public: true on it in the resource document; it then needs ID-JAGs that are bound to a key.',
  },
  client_needs_bound_grant: {
    wire: 'invalid_client',
    rule: 'RAS-02',
    hint: 'a client without credentials showed an ID-JAG that is not bound to a key',
    help: 'The client has to send a DPoP proof on both legs, or to have credentials.',
  },
  workload_token_other: {
    wire: 'invalid_client',
    rule: 'IDP-04',
    hint: 'iss, sub or aud of the workload token is not exactly what the entry of the client says',
    help: 'Compare issuer, subject and audience under workload of the client with the claims of its token.',
  },
  workload_token_bad_signature: {
    wire: 'invalid_client',
    rule: 'IDP-04',
    hint: 'the workload token was not signed by a key of its issuer with an allowed algorithm',
  },
  workload_token_stale: {
    wire: 'invalid_client',
    rule: 'IDP-04',
    hint: 'exp or iat of the workload token is absent, has passed, lies ahead, or they are more than a day apart',
  },
  workload_token_without_id: {
    wire: 'invalid_client',
    rule: 'IDP-04',
    hint: 'the workload token has no jti, so nobody could tell whether it was used before',
    help: 'Set reuse: true under workload of the client, if its platform hands the same token out until it expires.',
  },
  client_certificate_missing: {
    wire: 'invalid_client',
    rule: 'IDP-01',
    hint: 'this client is registered for a certificate, and none came with the connection',
    help: 'Set clientCertificates.ca; behind a proxy also clientCertificates.header, and name the proxy under proxy.trusted.',
  },
  client_certificate_untrusted: {
    wire: 'invalid_client',
    rule: 'IDP-01',
    hint: 'the certificate is out of its time, or not from an authority of clientCertificates.ca',
    help: 'Renew it, or add the authority that signed it.',
  },
  client_certificate_other: {
    wire: 'invalid_client',
    rule: 'IDP-01',
    hint: 'the certificate is not the one that tls names in the entry of this client',
    help: 'Compare tls of the client with the certificate: openssl x509 -noout -subject -nameopt RFC2253 -ext subjectAltName',
  },
  client_is_public: {
    wire: 'unauthorized_client',
    rule: 'IDP-03',
    hint: 'public clients may not use the token exchange',
    help: 'Give the client credentials, or set exchange: true on it and accept the risk.',
  },
  client_not_enabled: {
    wire: 'unauthorized_client',
    rule: 'IDP-19',
    hint: 'the token exchange is switched off for this client',
    help: 'Set exchange: true on the client in the access document.',
  },

  // Leg 1: subject token and target
  requested_type_unsupported: {
    wire: 'invalid_request',
    rule: 'IDP-05',
    hint: 'requested_token_type is not the ID-JAG type',
  },
  subject_type_unsupported: {
    wire: 'invalid_request',
    rule: 'IDP-05',
    hint: 'subject_token_type is not one accepted here',
  },
  subject_token_not_of_type: {
    wire: 'invalid_request',
    rule: 'IDP-05',
    hint: 'the subject token is not of the kind that subject_token_type names',
  },
  actor_token_refused: {
    wire: 'invalid_request',
    rule: 'IDP-35',
    hint: 'actor_token has no defined processing and is refused',
  },
  authorization_details_malformed: {
    wire: 'invalid_authorization_details',
    rule: 'IDP-23',
    hint: 'authorization_details is not a JSON array of objects with a type, or one says what its type does not allow',
  },
  authorization_details_unsupported: {
    wire: 'invalid_authorization_details',
    rule: 'IDP-23',
    hint: 'a type in authorization_details is not registered for this server',
    help: 'Register it under authorization_details of the server, in the policy document of this side.',
  },
  authorization_details_not_granted: {
    wire: 'invalid_authorization_details',
    rule: 'IDP-23',
    hint: 'nothing is left of the authorization_details asked for: by rule, by scope, or beyond the ID-JAG',
    help: 'A rule must name the type under details, and allow the scope that the type goes with.',
  },
  dpop_proof_malformed: {
    wire: 'invalid_dpop_proof',
    rule: 'IDP-31',
    hint: 'the DPoP header is not exactly one proof over a public key that it names, or jti or iat is missing',
  },
  dpop_proof_bad_signature: {
    wire: 'invalid_dpop_proof',
    rule: 'IDP-31',
    hint: 'the proof does not verify under the key it names',
  },
  dpop_proof_other_request: {
    wire: 'invalid_dpop_proof',
    rule: 'IDP-31',
    hint: 'htm or htu of the proof is not of this request',
  },
  dpop_proof_stale: {
    wire: 'invalid_dpop_proof',
    rule: 'IDP-31',
    hint: 'iat of the proof is too far from now',
    help: 'Check the clock of the client.',
  },
  dpop_proof_before_epoch: {
    wire: 'invalid_dpop_proof',
    rule: 'IDP-31',
    hint: 'the proof may be from before this store was restored or moved, and may have been used',
    help: 'Passes by itself within a minute after.',
  },
  dpop_proof_replayed: { wire: 'invalid_dpop_proof', rule: 'IDP-31', hint: 'the proof was used before' },
  dpop_proof_other_token: {
    wire: 'invalid_dpop_proof',
    rule: 'MCS-11',
    hint: 'ath of the proof is not the hash of this access token',
  },
  dpop_nonce_needed: {
    wire: 'use_dpop_nonce',
    rule: 'IDP-31',
    hint: 'a nonce of this server is demanded, and the proof has none or an old one',
  },
  subject_token_malformed: {
    wire: 'invalid_grant',
    rule: 'IDP-11',
    hint: 'the subject token is not a well-formed ID Token',
  },
  subject_token_wrong_type: {
    wire: 'invalid_grant',
    rule: 'IDP-11',
    hint: 'the subject token is some other kind of token',
  },
  subject_token_bad_signature: {
    wire: 'invalid_grant',
    rule: 'IDP-11',
    hint: 'the subject token was not signed by a current ID Token key of this issuer',
  },
  subject_token_wrong_issuer: {
    wire: 'invalid_grant',
    rule: 'IDP-11',
    hint: 'the subject token was issued by somebody else',
  },
  subject_token_other_client: {
    wire: 'invalid_grant',
    rule: 'IDP-11',
    hint: 'the subject token was issued to another client',
  },
  subject_token_ambiguous_audience: {
    wire: 'invalid_grant',
    rule: 'IDP-12',
    hint: 'the subject token has several audiences and azp is not this client',
  },
  subject_token_expired: {
    wire: 'invalid_grant',
    rule: 'IDP-11',
    hint: 'the subject token has expired',
    help: 'The client should refresh it or sign the person in again.',
  },
  subject_token_not_yet_valid: {
    wire: 'invalid_grant',
    rule: 'IDP-11',
    hint: 'the subject token was issued in the future',
  },
  subject_token_other_tenant: {
    wire: 'invalid_grant',
    rule: 'IDP-28',
    hint: 'the subject token names a tenant that is not the one this audience is told',
    help: 'Set tenant under audiences.<issuer> in the access document.',
  },
  subject_token_other_key: {
    wire: 'invalid_grant',
    rule: 'IDP-31',
    hint: 'the subject token was bound to a key at sign-in, and no proof with that key was shown',
    help: 'The client should show the key it signed in with, or sign the person in again.',
  },
  ras_key_unavailable: {
    wire: 'temporarily_unavailable',
    rule: 'IDP-37',
    hint: 'ID-JAGs for this audience are to be encrypted, and no key of its RAS for that can be had',
    help: 'Check that this machine reaches the RAS and that its JWK Set has a key with use enc, or write the key down.',
  },
  client_too_fast: {
    wire: 'temporarily_unavailable',
    rule: 'IDP-38',
    hint: 'this client asked for more grants in a second than limits.clientPerSecond, for some seconds',
    help: 'Look for an agent in a loop; where so many are meant, raise limits.clientPerSecond in credence.yaml.',
  },
  person_too_fast: {
    wire: 'temporarily_unavailable',
    rule: 'IDP-38',
    hint: 'the agents of this person asked, or renewed their sign-in, more often than idp.burst times at once (60 unless set), or 2 times a second for longer',
    help: 'Look for a client that does not keep its access tokens.',
  },
  person_unknown: { wire: 'invalid_grant', rule: 'IDP-13', hint: 'the person is not in the directory' },
  person_inactive: { wire: 'invalid_grant', rule: 'IDP-13', hint: 'the person has been switched off' },
  session_ended: { wire: 'invalid_grant', rule: 'IDP-13', hint: 'the sign-in session this token belongs to has ended' },
  // What somebody has stopped, at either side
  everything_stopped: {
    wire: 'access_denied',
    rule: 'SIG-02',
    hint: 'all agents are stopped',
    help: 'See who stopped them and why: credence stops. They go on with: credence resume <id> --reason TEXT.',
  },
  person_stopped: {
    wire: 'access_denied',
    rule: 'SIG-02',
    hint: 'this person is stopped',
    help: 'See why: credence stops. A stop ends at its time, or with: credence resume <id> --reason TEXT.',
  },
  client_stopped: {
    wire: 'unauthorized_client',
    rule: 'SIG-02',
    hint: 'this client is stopped',
    help: 'See why: credence stops. A stop ends at its time, or with: credence resume <id> --reason TEXT.',
  },
  server_stopped: {
    wire: 'access_denied',
    rule: 'SIG-02',
    hint: 'this MCP server is stopped',
    help: 'See why: credence stops. A stop ends at its time, or with: credence resume <id> --reason TEXT.',
  },
  rule_stopped: {
    wire: 'access_denied',
    rule: 'SIG-02',
    hint: 'the grant would rest, also or alone, on a rule that is stopped',
    help: 'See which: credence stops. To go on without the rule, publish the access document without it, then resume.',
  },
  session_stopped: {
    wire: 'invalid_grant',
    rule: 'SIG-02',
    hint: 'the sign-in session this token belongs to was stopped',
    help: 'The person signs in again; who stopped it and why: credence stops --all.',
  },
  issuer_stopped: {
    wire: 'invalid_grant',
    rule: 'SIG-02',
    hint: 'the issuer of the ID-JAG is stopped',
    help: 'See why: credence stops. A stop ends at its time, or with: credence resume <id> --reason TEXT.',
  },
  key_stopped: {
    wire: 'invalid_grant',
    rule: 'SIG-02',
    hint: 'the signing key is stopped: the one of the token shown, or the one that would sign',
    help: 'A key of our own: credence keys rotate, then retire. One of another issuer: tell its owner.',
  },
  id_jag_stopped: {
    wire: 'invalid_grant',
    rule: 'SIG-02',
    hint: 'this one ID-JAG was stopped',
    help: 'A new one gets what policy allows. Who stopped it and why: credence stops --all.',
  },
  id_jag_before_stop: {
    wire: 'invalid_grant',
    rule: 'SIG-02',
    hint: 'the ID-JAG is from before the end of a stop that concerned it',
    help: 'A new ID-JAG gets what policy allows.',
  },
  subject_token_before_stop: {
    wire: 'invalid_grant',
    rule: 'SIG-02',
    hint: 'the ID Token or refresh token is from before the end of a stop that concerned it',
    help: 'The client signs the person in again.',
  },
  audience_unknown: {
    wire: 'invalid_target',
    rule: 'IDP-08',
    hint: 'audience is not a resource authorization server in the access document',
    help: 'audience must be the exact issuer of the RAS, without a trailing slash.',
  },
  resource_invalid: {
    wire: 'invalid_target',
    rule: 'IDP-10',
    hint: 'resource is not an absolute URI without fragment',
  },
  resource_unknown: { wire: 'invalid_target', rule: 'IDP-09', hint: 'resource is not a server behind this audience' },
  resource_ambiguous: {
    wire: 'invalid_target',
    rule: 'IDP-44',
    hint: 'resource is absent and this audience has several servers',
  },
  client_unmapped: {
    wire: 'invalid_target',
    rule: 'IDP-25',
    hint: 'this client has no client_id at that resource authorization server',
    help: 'Add it under client_ids of the client in the access document.',
  },
  scope_malformed: { wire: 'invalid_scope', rule: 'IDP-22', hint: 'scope has bad characters or too many entries' },
  scope_unknown: {
    wire: 'invalid_scope',
    rule: 'IDP-22',
    hint: 'none of the scopes asked for is registered for this server',
  },
  policy_denied: {
    wire: 'access_denied',
    rule: 'IDP-19',
    hint: 'no rule allows this person this server through this client, or a rule denies it',
  },
  policy_no_scope: {
    wire: 'invalid_scope',
    rule: 'IDP-20',
    hint: 'rules allow this person something on this server, but none of the scopes asked for',
  },
  scopes_kept_apart: {
    wire: 'access_denied',
    rule: 'IDP-20',
    hint: 'the rules allow it, but never together with what this session has already',
    help: 'It is not for this session any more. Whoever needs it signs out and in again, and begins with it; an agent with other work uses a session of its own.',
  },
  decision_point_denied: {
    wire: 'access_denied',
    rule: 'IDP-19',
    hint: 'the rules allow it, and the decision point outside lets none of the scopes through',
    help: 'Look in the log of the decision point for the request with this id (X-Request-ID).',
  },
  decision_point_unavailable: {
    wire: 'temporarily_unavailable',
    rule: 'IDP-19',
    hint: 'the decision point outside gave no proper answer in time, and without it nothing is issued',
    help: 'See the log for what it answered; check decisionPoint in the configuration, and that this machine reaches it.',
  },
  client_key_not_bound: {
    wire: 'access_denied',
    rule: 'IDP-20',
    hint: 'a high-risk scope was asked for through a client that is distributed, without a key bound at sign-in',
    help: 'The client has to send a DPoP proof when it trades its code, and with the same key here. Or the client has to ask for less; or the access document has to say distributed: false, which lets whoever copies its secret in.',
  },
  step_up_needed: {
    wire: 'insufficient_user_authentication',
    rule: 'IDP-24',
    hint: 'a rule requires a fresher or stronger sign-in for these scopes',
  },

  // Leg 2: the ID-JAG
  id_jag_malformed: {
    wire: 'invalid_grant',
    rule: 'RAS-03',
    hint: 'the assertion is not a compact JWS to the letter, or carries crit or b64',
  },
  id_jag_wrong_type: { wire: 'invalid_grant', rule: 'RAS-04', hint: 'typ is not oauth-id-jag+jwt' },
  id_jag_algorithm_refused: { wire: 'invalid_grant', rule: 'RAS-05', hint: 'alg is not allowed for this issuer' },
  id_jag_issuer_untrusted: { wire: 'invalid_grant', rule: 'RAS-06', hint: 'iss is not exactly a trusted issuer' },
  id_jag_key_unknown: {
    wire: 'invalid_grant',
    rule: 'KEY-04',
    hint: 'no single key of the issuer fits kid and alg, also after one refetch',
  },
  issuer_keys_unavailable: {
    wire: 'temporarily_unavailable',
    rule: 'KEY-04',
    hint: 'the keys of the trusted issuer cannot be fetched',
    help: 'Check that this machine reaches the issuer, that its certificate and metadata are right, and that its JWK Set has public keys only.',
  },
  id_jag_bad_signature: {
    wire: 'invalid_grant',
    rule: 'RAS-06',
    hint: 'the signature does not verify under the key of the issuer',
  },
  id_jag_wrong_audience: { wire: 'invalid_grant', rule: 'RAS-08', hint: 'aud is not exactly this issuer' },
  id_jag_other_client: { wire: 'invalid_grant', rule: 'RAS-09', hint: 'client_id is not the authenticated client' },
  id_jag_time_malformed: {
    wire: 'invalid_grant',
    rule: 'RAS-10',
    hint: 'exp or iat is absent or not a number, or nbf is not a number',
  },
  id_jag_expired: { wire: 'invalid_grant', rule: 'RAS-10', hint: 'exp has passed' },
  id_jag_not_yet_valid: {
    wire: 'invalid_grant',
    rule: 'RAS-10',
    hint: 'iat or nbf lies in the future beyond the accepted skew',
  },
  id_jag_lives_too_long: {
    wire: 'invalid_grant',
    rule: 'RAS-10',
    hint: 'exp - iat is above the ceiling, or exp is before iat',
  },
  id_jag_session_ended: {
    wire: 'invalid_grant',
    rule: 'RAS-34',
    hint: 'session_expiry has passed: the sign-in that the ID-JAG rests on is over',
  },
  id_jag_subject_malformed: { wire: 'invalid_grant', rule: 'RAS-11', hint: 'sub is not a plain non-empty string' },
  id_jag_jti_malformed: { wire: 'invalid_grant', rule: 'RAS-11', hint: 'jti is not a string of 1 to 256 characters' },
  id_jag_scope_malformed: { wire: 'invalid_grant', rule: 'RAS-18', hint: 'the scope claim is not a scope string' },
  id_jag_scope_unknown: {
    wire: 'invalid_grant',
    rule: 'RAS-18',
    hint: 'the scope claim names a scope this resource does not have',
  },
  id_jag_resource_malformed: {
    wire: 'invalid_grant',
    rule: 'RAS-14',
    hint: 'the resource claim is not a string or a non-empty array of strings',
  },
  id_jag_resource_foreign: {
    wire: 'invalid_grant',
    rule: 'RAS-14',
    hint: 'the resource claim names a resource not governed here',
  },
  id_jag_resource_missing: {
    wire: 'invalid_grant',
    rule: 'RAS-15',
    hint: 'no resource claim, no resource parameter, and more than one resource is governed here',
  },
  id_jag_binding_unsupported: {
    wire: 'invalid_grant',
    rule: 'RAS-31',
    hint: 'the ID-JAG is bound to a key (cnf) and no proof that is understood here was shown',
  },
  id_jag_proof_missing: {
    wire: 'invalid_grant',
    rule: 'RAS-29',
    hint: 'the ID-JAG is bound to a key (cnf.jkt) and no DPoP proof was sent',
  },
  id_jag_other_key: {
    wire: 'invalid_grant',
    rule: 'RAS-29',
    hint: 'the DPoP proof was made with another key than the ID-JAG is bound to',
  },
  id_jag_other_certificate: {
    wire: 'invalid_grant',
    rule: 'RAS-31',
    hint: 'the ID-JAG is bound to a client certificate (cnf.x5t#S256), and this connection has another one or none',
    help: 'The client has to use one certificate on both legs. Is clientCertificates set, and the header of your proxy?',
  },
  id_jag_two_bindings: {
    wire: 'invalid_grant',
    rule: 'RAS-31',
    hint: 'the ID-JAG is bound to a client certificate, and a DPoP proof was sent as well: a token is bound to one of them',
  },
  resource_needs_binding: {
    wire: 'invalid_grant',
    rule: 'RAS-30',
    hint: 'require_bound_tokens is set for this server, and nothing was shown that the access token would be bound to',
    help: 'The client has to send a DPoP proof, or to use a certificate: tls with bound: true in its entry.',
  },
  id_jag_tenant_unexpected: {
    wire: 'invalid_grant',
    rule: 'RAS-28',
    hint: 'tenant or aud_tenant does not match what is configured for the issuer',
    help: 'List the tenant under trust.<issuer>.tenants, or set aud_tenant there, in the resource document.',
  },
  id_jag_details_unsupported: {
    wire: 'invalid_grant',
    rule: 'RAS-22',
    hint: 'the ID-JAG carries authorization_details of a type that is not registered for this server',
    help: 'Register it under authorization_details of the server in the resource document.',
  },
  id_jag_details_malformed: {
    wire: 'invalid_grant',
    rule: 'RAS-22',
    hint: 'authorization_details in the ID-JAG is not an array of objects with a type, or says what a type does not allow',
  },
  id_jag_jwe_refused: {
    wire: 'invalid_grant',
    rule: 'KEY-08',
    hint: 'the encrypted assertion is not a compact JWE to the letter, or its alg, enc, zip, crit or cty is not accepted',
  },
  id_jag_not_decrypted: {
    wire: 'invalid_grant',
    rule: 'RAS-45',
    hint: 'the assertion was not encrypted to a key of this server that is in force, or was changed',
    help: 'The issuer must encrypt to the key with use enc in the JWK Set of this server; it may hold an old copy.',
  },
  id_jag_not_encrypted: {
    wire: 'invalid_grant',
    rule: 'RAS-45',
    hint: 'require_encryption is set for this issuer, and the assertion came in the clear',
  },
  id_jag_replayed: { wire: 'invalid_grant', rule: 'RAS-12', hint: 'jti was used before' },
  issuer_client_not_trusted: {
    wire: 'invalid_grant',
    rule: 'RAS-06',
    hint: 'this issuer is not trusted for this client',
    help: 'Add the client under trust.<issuer>.clients in the resource document.',
  },
  issuer_server_not_trusted: {
    wire: 'invalid_grant',
    rule: 'RAS-19',
    hint: 'the resource claim names a server that this issuer may not speak for',
    help: 'Add the server under trust.<issuer>.servers in the resource document, or have the issuer leave it out.',
  },
  resource_parameter_refused: {
    wire: 'invalid_target',
    rule: 'RAS-16',
    hint: 'the resource parameter is malformed, unknown, outside the claim or outside what the issuer may speak for',
  },
  account_unknown: {
    wire: 'access_denied',
    rule: 'RAS-26',
    hint: 'no account for this subject, and accounts of this issuer are not created',
    help: 'Make one with: credence account add ISSUER SUBJECT (or --email ADDRESS, with email_domains in its trust)',
  },
  account_unknown_to_old_client: {
    wire: 'invalid_grant',
    rule: 'RAS-27',
    hint: 'as account_unknown, told as invalid_grant because account_error of the issuer says so',
    help: 'Make one with: credence account add ISSUER SUBJECT',
  },
  account_inactive_to_old_client: {
    wire: 'invalid_grant',
    rule: 'RAS-27',
    hint: 'as account_inactive, told as invalid_grant because account_error of the issuer says so',
  },
  id_jag_before_epoch: {
    wire: 'invalid_grant',
    rule: 'RAS-12',
    hint: 'the ID-JAG is from before this store was restored or moved, and may have been redeemed',
    help: 'A new ID-JAG is taken; one of a foreign issuer when its clock is past the skew that is allowed.',
  },
  id_jag_revoked: {
    wire: 'invalid_grant',
    rule: 'SIG-02',
    hint: 'the ID-JAG was issued before its issuer cut the person off',
    help: 'A new ID-JAG gets what the issuer still allows.',
  },
  subject_blocked: {
    wire: 'access_denied',
    rule: 'SIG-02',
    hint: 'the issuer says that the account of this person is disabled',
    help: 'Its account-enabled event lets the person in again.',
  },
  subject_blocked_to_old_client: {
    wire: 'invalid_grant',
    rule: 'RAS-27',
    hint: 'as subject_blocked, told as invalid_grant because account_error of the issuer says so',
  },
  account_named_other: {
    wire: 'invalid_grant',
    rule: 'RAS-23',
    hint: 'aud_sub names no account that this subject has or may have',
    help: 'Compare with: credence account list. The issuer must send the id listed there.',
  },
  account_inactive: { wire: 'access_denied', rule: 'RAS-27', hint: 'the account is switched off at this server' },
  scope_narrower_refused: {
    wire: 'invalid_scope',
    rule: 'RAS-20',
    hint: 'the request asks for less than the ID-JAG carries, and strict_scope_match is set for the issuer',
    help: 'Unset strict_scope_match, or have the client ask for what its ID-JAG carries.',
  },
  scope_not_granted: { wire: 'invalid_scope', rule: 'RAS-19', hint: 'nothing is left of the scopes asked for' },

  // Revocation at the RAS
  token_kind_not_revocable: {
    wire: 'unsupported_token_type',
    rule: 'RAS-37',
    hint: 'what a client wanted to revoke says of itself that it is no access token',
    help: 'An ID-JAG is good for one token, and for minutes. To refuse it at once, stop the person, the client or the issuer.',
  },

  // The MCP server
  token_missing: { wire: 'invalid_token', rule: 'MCS-03', hint: 'no access token was sent' },
  token_misplaced: {
    wire: 'invalid_request',
    rule: 'MCS-02',
    hint: 'the token was sent in the query, twice, or with another scheme',
  },
  token_malformed: {
    wire: 'invalid_token',
    rule: 'MCS-04',
    hint: 'the access token is not a compact JWS to the letter',
  },
  token_wrong_type: { wire: 'invalid_token', rule: 'MCS-05', hint: 'typ is not at+jwt' },
  token_wrong_issuer: {
    wire: 'invalid_token',
    rule: 'MCS-04',
    hint: 'iss is not the authorization server of this resource',
  },
  token_key_unknown: { wire: 'invalid_token', rule: 'MCS-04', hint: 'alg is not allowed or no key of the issuer fits' },
  token_bad_signature: { wire: 'invalid_token', rule: 'MCS-04', hint: 'the signature does not verify' },
  token_wrong_audience: { wire: 'invalid_token', rule: 'MCS-04', hint: 'aud does not hold this resource' },
  token_claims_malformed: {
    wire: 'invalid_token',
    rule: 'MCS-04',
    hint: 'a required claim is absent or of the wrong type, or iat or nbf is yet to come',
  },
  token_expired: { wire: 'invalid_token', rule: 'MCS-04', hint: 'the access token has expired' },
  token_revoked: {
    wire: 'invalid_token',
    rule: 'MCS-16',
    hint: 'the access token was revoked, or what it rests on is no longer in the resource document',
  },
  token_wrong_scheme: {
    wire: 'invalid_token',
    rule: 'MCS-11',
    hint: 'a token bound to a key was shown as Bearer, or an unbound one as DPoP',
  },
  token_proof_missing: { wire: 'invalid_token', rule: 'MCS-11', hint: 'no DPoP proof came with the bound token' },
  token_proof_invalid: {
    wire: 'invalid_token',
    rule: 'MCS-11',
    hint: 'the DPoP proof is malformed, stale, used before, made with another key, or for another request or token',
  },
  token_other_certificate: {
    wire: 'invalid_token',
    rule: 'MCS-12',
    hint: 'the token is bound to a client certificate, and this connection has another one or none',
  },
  token_not_bound: {
    wire: 'invalid_token',
    rule: 'RAS-30',
    hint: 'this server takes bound tokens only, and the token is bound to neither a key nor a certificate',
    help: 'One of before require_bound_tokens was set ends by itself; the client gets another, with a DPoP proof or its certificate.',
  },
  token_binding_unsupported: {
    wire: 'invalid_token',
    rule: 'MCS-11',
    hint: 'the token is bound to a key and no proof was shown',
  },
  tool_scope_missing: {
    wire: 'insufficient_scope',
    rule: 'MCS-08',
    hint: 'the scopes of the token do not cover this tool',
  },

  // Sign-in
  credentials_wrong: {
    wire: 'access_denied',
    rule: 'IDP-38',
    hint: 'e-mail and password do not belong together, or the person is unknown or switched off',
  },
  factor_code_wrong: {
    wire: 'access_denied',
    rule: 'IDP-38',
    hint: 'the code is not the one the authenticator app shows now, and not a recovery code of this person',
    help: 'If it happens again and again, compare the clock of the phone with that of this machine.',
  },
  factor_code_replayed: {
    wire: 'access_denied',
    rule: 'IDP-38',
    hint: 'the code of the authenticator app was used before',
  },
  factor_codes_exhausted: {
    wire: 'slow_down',
    rule: 'IDP-38',
    hint: 'a hundred wrong codes in a day, after the right password: codes of the app are closed for this person for now',
    help: 'Somebody else may have the password: set another. Passkeys and recovery codes still work.',
  },
  passkey_refused: {
    wire: 'access_denied',
    rule: 'IDP-38',
    hint: 'the passkey is unknown, of somebody else, or its answer is not to this challenge, origin, person and key',
  },
  passkey_counter_went_back: {
    wire: 'access_denied',
    rule: 'IDP-38',
    hint: 'the signature counter of the passkey did not grow: there may be a copy of it',
    help: 'Ask the person, and remove the passkey: credence person factors reset EMAIL',
  },
  factor_needed: {
    wire: 'insufficient_user_authentication',
    rule: 'IDP-24',
    hint: 'the request demands a second factor, and the person has none that will do',
    help: 'Give the person a code to enrol one: credence person factors invite EMAIL',
  },
  enrolment_code_wrong: {
    wire: 'access_denied',
    rule: 'IDP-38',
    hint: 'the enrolment code is unknown, expired, used before or of somebody else',
    help: 'Make a new one: credence person factors invite EMAIL',
  },
  administrator_role_needed: {
    wire: 'access_denied',
    rule: 'LOG-02',
    hint: 'the page is for owners, people administrators and the help desk, and this person is none of them',
    help: 'If they should be: credence admin grant EMAIL help-desk',
  },
  administrator_not_lower: {
    wire: 'access_denied',
    rule: 'LOG-02',
    hint: 'nobody resets what somebody of an equal or higher role signs in with, and nobody their own',
    help: 'Somebody of a higher role does it, or: credence person reset EMAIL, credence person factors reset EMAIL',
  },
  administrator_factor_by_command: {
    wire: 'access_denied',
    rule: 'LOG-02',
    hint: 'second factors of people who administer are not removed at the help desk',
    help: 'credence person factors reset EMAIL',
  },
  account_link_not_good: {
    wire: 'access_denied',
    rule: 'IDP-38',
    hint: 'the link to choose a password is unknown, used, revoked, replaced or out of its time, or its person is switched off',
    help: 'Make a new one: credence person invite EMAIL, or credence person reset EMAIL',
  },
  sign_in_cancelled: { wire: 'access_denied', rule: 'IDP-39', hint: 'the person chose Cancel' },
  sign_in_request_refused: {
    wire: 'invalid_request',
    rule: 'IDP-39',
    hint: 'the authorization, sign-out or userinfo request is not in order, or needs the person and forbids asking',
  },
  token_request_refused: {
    wire: 'invalid_request',
    rule: 'IDP-39',
    hint: 'the request for the code or refresh grant is not in order, or not for this client',
  },
  sign_in_proof_refused: {
    wire: 'invalid_dpop_proof',
    rule: 'IDP-31',
    hint: 'the DPoP proof with the code or refresh token is malformed, stale, or for another request',
  },
  code_not_accepted: {
    wire: 'invalid_grant',
    rule: 'IDP-39',
    hint: 'the code is unknown, expired, used before, of another client, its PKCE verifier or redirect_uri is wrong, or it was bound to another key (dpop_jkt)',
  },
  refresh_token_not_accepted: {
    wire: 'invalid_grant',
    rule: 'IDP-16',
    hint: 'the refresh token is unknown, expired, used before, of another client or another key, or its sign-in has ended',
  },

  // Signing in at an identity provider of the organisation
  upstream_unreachable: {
    wire: 'temporarily_unavailable',
    rule: 'MCC-06',
    hint: 'the identity provider of the organisation does not answer, or answers with an error of its own',
    help: 'Look at its status page, and at egress.internalRanges where it stands in your own network; the log has the cause.',
  },
  upstream_answer_unexpected: {
    wire: 'invalid_request',
    rule: 'MCC-06',
    hint: 'the answer belongs to no sign-in under way: its state is unknown, too old, or of another upstream',
  },
  upstream_answer_repeated: {
    wire: 'invalid_request',
    rule: 'MCC-06',
    hint: 'the state of the answer was used before',
  },
  upstream_other_browser: {
    wire: 'invalid_request',
    rule: 'MCC-06',
    hint: 'the answer arrived in another browser than the one that was sent away: a forged sign-in, or lost cookies',
  },
  upstream_answer_invalid: {
    wire: 'invalid_grant',
    rule: 'MCC-07',
    hint: 'iss, aud, nonce, times or signature of what the upstream said are not as they have to be',
    help: 'Check issuer and client_id of the upstream, and both clocks; the log names the check.',
  },
  upstream_refused: {
    wire: 'access_denied',
    rule: 'MCC-06',
    hint: 'the upstream refused the sign-in, or the person cancelled it there',
    help: 'Check there that the person is assigned to the application.',
  },
  upstream_client_refused: {
    wire: 'invalid_client',
    rule: 'MCC-06',
    hint: 'the upstream does not accept our client id, secret or key, or a scope that we ask for',
    help: 'Put the current secret into the file that client_secret_file names; check scopes against what is offered there.',
  },
  upstream_code_refused: {
    wire: 'invalid_grant',
    rule: 'MCC-06',
    hint: 'the upstream does not accept the code, or our request for it',
    help: 'Check that the redirect address at the upstream is exactly ISSUER/sign-in/upstream/NAME.',
  },
  upstream_no_user: {
    wire: 'access_denied',
    rule: 'MCC-07',
    hint: 'the claims hold no e-mail address where the mapping looks for one',
    help: 'Let the upstream send it, or name its claim under claims.email.',
  },
  upstream_claims_malformed: {
    wire: 'access_denied',
    rule: 'KEY-07',
    hint: 'the claim of groups or roles is not a list of texts',
    help: 'Change the claim at the upstream, or the path under claims.',
  },
  upstream_email_unverified: {
    wire: 'access_denied',
    rule: 'RAS-24',
    hint: 'the upstream does not say that the e-mail address was verified',
    help: 'Let it verify addresses; or, where only its administrators set them, email: trusted with domains.',
  },
  upstream_email_foreign: {
    wire: 'access_denied',
    rule: 'RAS-24',
    hint: 'the e-mail address, or the hosted domain, is not under domains of the upstream',
    help: 'Add the domain to domains, if this upstream may speak for it.',
  },
  upstream_email_taken: {
    wire: 'access_denied',
    rule: 'RAS-24',
    hint: 'another person has the e-mail address; an address alone never takes over a record',
    help: 'If it is the same person: credence identity link EMAIL NAME SUBJECT.',
  },
  upstream_groups_left_out: {
    wire: 'access_denied',
    rule: 'IDP-19',
    hint: 'the upstream left groups out because there are too many (Entra ID: above 200), so the person was not signed in with a part',
    help: 'Let it send only groups assigned to the application, or application roles: docs/operate/sign-in.md.',
  },
  upstream_too_many_groups: {
    wire: 'access_denied',
    rule: 'IDP-19',
    hint: 'the upstream sent more groups and roles than are taken',
    help: 'Let it send only those that rules name, or set groups.prefix.',
  },
  upstream_not_fresh: {
    wire: 'insufficient_user_authentication',
    rule: 'IDP-24',
    hint: 'a fresh sign-in was asked for, and the upstream did not show that it was one: auth_time is old or missing',
    help: 'Let it honour max_age and prompt=login and send auth_time.',
  },
  upstream_too_weak: {
    wire: 'insufficient_user_authentication',
    rule: 'IDP-24',
    hint: 'a stronger sign-in was asked for by acr_values, and the upstream answered with another acr',
    help: 'Map our acr to its own under acr, and let it demand a second factor for the application.',
  },
  upstream_person_unknown: {
    wire: 'access_denied',
    rule: 'PRV-04',
    hint: 'nobody here is linked to this issuer and subject, and this upstream creates nobody',
    help: 'Provision the person, link them with credence identity link, or set create: true.',
  },
  upstream_record_taken: {
    wire: 'access_denied',
    rule: 'PRV-04',
    hint: 'the provisioned record that the claim points to is linked to another subject of this upstream',
    help: 'If the application was registered anew there, take the old link away: credence identity unlink EMAIL NAME.',
  },
  // Security events at the RAS (RFC 8935)
  set_wrong_content_type: {
    wire: 'invalid_request',
    rule: 'SIG-01',
    hint: 'the body must be one SET, as application/secevent+jwt',
  },
  set_malformed: {
    wire: 'invalid_request',
    rule: 'SIG-01',
    hint: 'the body is no SET: not one JWS, a claim missing or malformed, several events, or with exp or sub',
  },
  set_wrong_type: { wire: 'invalid_request', rule: 'SIG-01', hint: 'typ is not secevent+jwt' },
  set_issuer_untrusted: {
    wire: 'invalid_request',
    rule: 'SIG-03',
    hint: 'iss, or the tenant in sub_id, is none that trust names',
    help: 'Add it to trust in the resource document, character for character.',
  },
  set_signals_refused: {
    wire: 'invalid_request',
    rule: 'SIG-03',
    hint: 'signals of this issuer are switched off in its trust entry',
  },
  set_key_unknown: {
    wire: 'invalid_request',
    rule: 'SIG-03',
    hint: 'the SET is signed with a key or an algorithm that is none of its issuer',
  },
  set_bad_signature: { wire: 'invalid_request', rule: 'SIG-03', hint: 'the signature of the SET is not good' },
  set_wrong_audience: {
    wire: 'invalid_request',
    rule: 'SIG-01',
    hint: 'aud is not exactly the issuer of this authorization server',
  },
  set_from_the_future: {
    wire: 'invalid_request',
    rule: 'SIG-01',
    hint: 'iat, or the time of the event in seconds, lies in the future',
    help: 'Compare the clocks.',
  },
  set_subject_unsupported: {
    wire: 'invalid_request',
    rule: 'SIG-01',
    hint: 'sub_id is neither iss_sub nor a complex subject with such a user',
  },
  set_foreign_subject: {
    wire: 'invalid_request',
    rule: 'SIG-03',
    hint: 'the SET is about a subject of another issuer than the one it is from',
  },
  set_too_old: {
    wire: 'invalid_request',
    rule: 'SIG-02',
    hint: 'the event orders a stop and was signed more than seven days ago: it may have been sent before',
    help: 'The transmitter signs it anew each time it sends it.',
  },
  set_too_many: {
    wire: 'slow_down',
    rule: 'IDP-38',
    hint: 'this issuer sends more events than are taken; it should try again',
  },
  set_too_many_stops: {
    wire: 'slow_down',
    rule: 'IDP-38',
    hint: 'so many stops of this issuer are in force that no more is taken; it should end some, or stop everything it has issued',
    help: 'See credence stops. To stop the issuer here: credence stop issuer URL --reason TEXT.',
  },
  // The stream of revocations from the RAS to MCP servers
  stream_for_servers_only: {
    wire: 'unauthorized_client',
    rule: 'SIG-02',
    hint: 'the stream of revocations is for servers of the resource document, not for clients',
    help: 'Authenticate as server:<id>, with a secret of: credence client secret new ras server:<id>',
  },
  too_many_streams: {
    wire: 'slow_down',
    rule: 'SIG-02',
    hint: 'this server has as many streams open as it may',
  },
  stream_cannot_judge: {
    wire: 'invalid_request',
    rule: 'SIG-02',
    hint: 'something is stopped that this server does not know how to judge: it is told nothing, and refuses',
    help: 'Update @credence/mcp at that server. See what is stopped: credence stops.',
  },
  revocations_unknown: {
    wire: 'temporarily_unavailable',
    rule: 'SIG-02',
    hint: 'nothing has been heard for too long of who is cut off',
    help: 'Check that this server reaches the authorization server, and that its secret is good.',
  },

  logout_token_invalid: {
    wire: 'invalid_request',
    rule: 'SIG-04',
    hint: 'the logout token is malformed, unsigned, stale, not for us, has a nonce, or is no logout token',
  },
  logout_token_replayed: {
    wire: 'invalid_request',
    rule: 'SIG-04',
    hint: 'the jti of the logout token was used before',
  },
  upstream_unknown: {
    wire: 'invalid_request',
    status: 404,
    rule: 'SIG-04',
    hint: 'no upstream of this name is configured',
  },

  tool_not_listed: {
    wire: 'insufficient_scope',
    rule: 'MCS-08',
    hint: 'the tool is mapped to no scope in the resource document',
    help: 'Add the tool, or a pattern that matches it, under tools of the server.',
  },
  tool_call_malformed: {
    wire: 'invalid_request',
    rule: 'MCS-15',
    hint: 'tools/call names no tool, or is not a request',
  },
  mcp_message_malformed: {
    wire: 'invalid_request',
    rule: 'KEY-06',
    hint: 'the body is not one JSON-RPC message: broken JSON, duplicate members, a batch, or too deep',
  },
  mcp_message_too_large: {
    wire: 'invalid_request',
    status: 413,
    rule: 'HTP-01',
    hint: 'the message is larger than 4 MiB',
  },
  mcp_wrong_content_type: {
    wire: 'invalid_request',
    status: 415,
    rule: 'HTP-01',
    hint: 'the body must be application/json',
  },
  mcp_headers_differ: {
    wire: 'invalid_request',
    rule: 'MCS-15',
    hint: 'Mcp-Method, Mcp-Name or MCP-Protocol-Version says something else than the body, or is missing',
  },
  mcp_session_unknown: {
    wire: 'invalid_request',
    status: 404,
    rule: 'MCS-13',
    hint: 'the session has ended, never was, or belongs to somebody else',
  },
  mcp_too_many: {
    wire: 'temporarily_unavailable',
    status: 503,
    rule: 'MCS-13',
    hint: 'this person has as many sessions, or requests under way, at this server as they may, or all persons together have',
    help: 'Look for an agent that opens streams or sessions and leaves them. For processes: max_sessions of the upstream.',
  },
  // Provisioning (SCIM). The client gets an error in SCIM's own form (RFC 7644 §3.12).
  scim_token_unknown: {
    wire: 'invalid_token',
    rule: 'PRV-01',
    hint: 'no bearer token of a SCIM source, or one that was revoked',
    help: 'Make one with: credence scim token create --source NAME',
  },
  scim_too_fast: { wire: 'slow_down', rule: 'IDP-38', hint: 'this SCIM token asks faster than it may' },
  scim_wrong_method: {
    wire: 'invalid_request',
    status: 405,
    rule: 'PRV-01',
    hint: 'the method is not one of this SCIM endpoint',
  },
  scim_wrong_content_type: {
    wire: 'invalid_request',
    status: 415,
    rule: 'PRV-01',
    hint: 'the body must be application/scim+json or application/json',
  },
  scim_body_too_large: {
    wire: 'invalid_request',
    status: 413,
    rule: 'PRV-01',
    hint: 'the body is larger than 1 MiB, or has more operations than a bulk may',
  },
  scim_body_malformed: {
    wire: 'invalid_request',
    rule: 'PRV-03',
    hint: 'the body is not the JSON that this SCIM operation needs (invalidSyntax)',
  },
  scim_not_found: {
    wire: 'invalid_request',
    status: 404,
    rule: 'PRV-04',
    hint: 'the source has no such record; those of other sources do not exist for it',
  },
  scim_not_implemented: {
    wire: 'invalid_request',
    status: 501,
    rule: 'PRV-01',
    hint: '/Me is not offered: a SCIM token is no person',
  },
  scim_user_name_taken: {
    wire: 'invalid_request',
    status: 409,
    rule: 'PRV-03',
    hint: 'the source has another user of this userName (uniqueness)',
  },
  scim_email_taken: {
    wire: 'invalid_request',
    status: 409,
    rule: 'PRV-04',
    hint: 'the e-mail address belongs to another person, who is named as person on this record (uniqueness)',
    help: 'Change the address at one of the two, or remove the person who should not have it.',
  },
  scim_filter_invalid: {
    wire: 'invalid_request',
    rule: 'PRV-03',
    hint: 'the filter is malformed, or about an attribute that cannot be searched (invalidFilter)',
  },
  scim_too_many: {
    wire: 'invalid_request',
    rule: 'PRV-03',
    hint: 'one request names more operations or members than it may (tooMany)',
  },
  scim_path_invalid: {
    wire: 'invalid_request',
    rule: 'PRV-03',
    hint: 'the path of a PATCH is malformed or leads nowhere (invalidPath)',
  },
  scim_no_target: { wire: 'invalid_request', rule: 'PRV-03', hint: 'the path of a PATCH matches no value (noTarget)' },
  scim_immutable: {
    wire: 'invalid_request',
    rule: 'PRV-03',
    hint: 'an attribute that only the server sets, or a required one, was to be changed or removed (mutability)',
  },
  scim_value_invalid: {
    wire: 'invalid_request',
    rule: 'PRV-03',
    hint: 'a value is missing, malformed, or names a user the source does not have (invalidValue)',
  },
  scim_bulk_unresolved: {
    wire: 'invalid_request',
    status: 409,
    rule: 'PRV-03',
    hint: 'operations of a bulk refer to each other in a circle, or to one that failed',
  },
  scim_version_differs: {
    wire: 'invalid_request',
    status: 412,
    rule: 'PRV-03',
    hint: 'If-Match names another version than the record has',
  },
  // The admin API
  admin_not_signed_in: {
    wire: 'invalid_token',
    rule: 'LOG-02',
    hint: 'the request shows neither an API token nor a session of an administrator',
    help: 'For programs: credence api-token create. In a browser: sign in at the admin listener.',
  },
  admin_token_unknown: {
    wire: 'invalid_token',
    rule: 'LOG-02',
    hint: 'the API token was never made, was revoked, went with the role of its administrator, or has expired',
    help: 'See credence api-token list; make another one with: credence api-token create',
  },
  admin_session_over: {
    wire: 'invalid_token',
    rule: 'LOG-02',
    hint: 'the session of the admin listener was idle for 15 minutes or is 12 hours old, or its sign-in, person or role has ended',
  },
  admin_network_changed: {
    wire: 'invalid_token',
    rule: 'LOG-02',
    hint: 'the session of the admin listener was used from another network than it began in, and was ended',
    help: 'If the administrator has not moved, somebody has their cookie: credence session end --person EMAIL',
  },
  admin_foreign_page: {
    wire: 'access_denied',
    status: 403,
    rule: 'LOG-02',
    hint: 'a page of another site sent the request, or it lacks the header that only our own pages send',
  },
  admin_role_lacks: {
    wire: 'access_denied',
    status: 403,
    rule: 'LOG-02',
    hint: 'the role of this administrator does not cover the operation',
    help: 'An owner can give another role: credence admin grant EMAIL ROLE',
  },
  admin_scope_lacks: {
    wire: 'insufficient_scope',
    rule: 'LOG-02',
    hint: 'the API token does not have the scope for this operation, or no token may do it',
  },
  admin_sign_in_too_old: {
    wire: 'insufficient_user_authentication',
    status: 403,
    rule: 'LOG-02',
    hint: 'the operation asks for a sign-in less than 15 minutes old',
  },
  admin_not_administrator: {
    wire: 'access_denied',
    status: 403,
    rule: 'LOG-02',
    hint: 'somebody signed in at the admin listener who does not administer',
    help: 'If they should: credence admin grant EMAIL ROLE',
  },
  admin_no_second_factor: {
    wire: 'insufficient_user_authentication',
    status: 403,
    rule: 'LOG-02',
    hint: 'an administrator signed in without a second factor',
    help: 'They add one at /security of the identity provider; a first one may need: credence person factors invite EMAIL',
  },
  admin_sign_in_unknown: {
    wire: 'invalid_request',
    rule: 'LOG-02',
    hint: 'a browser came back to the admin listener from a sign-in it did not begin, or that is over',
  },
  admin_first_link_unknown: {
    wire: 'invalid_request',
    status: 404,
    rule: 'LOG-02',
    hint: 'the link for the first administrator is not one, was used, is over, or somebody administers already',
    help: 'A start of the server without any administrator prints a new one; otherwise: credence admin grant EMAIL ROLE',
  },
  admin_too_fast: {
    wire: 'slow_down',
    rule: 'IDP-38',
    hint: 'too many requests of one administrator or token, or too many failures from one address',
  },
  admin_own_access: {
    wire: 'access_denied',
    status: 403,
    rule: 'LOG-02',
    hint: 'nobody changes their own groups, roles or role as an administrator, nor switches themselves off',
    help: 'Another administrator does it, or: credence group members, credence admin grant',
  },
  admin_not_below: {
    wire: 'access_denied',
    status: 403,
    rule: 'LOG-02',
    hint: 'people who administer with an equal or a higher role are changed by owners only',
  },
  request_own: {
    wire: 'access_denied',
    status: 403,
    rule: 'LOG-02',
    hint: 'nobody answers their own request for access',
    help: 'Another administrator answers it.',
  },
  request_too_many: {
    wire: 'slow_down',
    rule: 'IDP-38',
    hint: 'somebody has asked for access ten times within a day, or for twenty things that wait',
    help: 'Answer what waits under Requests; what nobody answers goes after 90 days.',
  },
  second_person_needed: {
    wire: 'access_denied',
    status: 403,
    rule: 'LOG-02',
    hint: 'it grants more than is in force, and the organisation asks for somebody else to approve it',
    help: 'Propose it (drafts, or changes of people); somebody who has not written it approves, for people nobody whom it concerns',
  },
  draft_mistaken: {
    wire: 'invalid_request',
    rule: 'HTP-01',
    hint: 'the document has mistakes, each named with its place; nothing was saved',
    help: 'Mend them and send it again; entries that need each other go into one request',
  },
  draft_behind: {
    wire: 'invalid_request',
    status: 409,
    rule: 'HTP-01',
    hint: 'another version was published since the draft was begun',
    help: 'Move it onto the version in force (rebase), look at the diff again, and publish',
  },
  draft_conflict: {
    wire: 'invalid_request',
    status: 409,
    rule: 'HTP-01',
    hint: 'the draft and the version in force have changed the same entries in different ways',
    help: 'Say which side stands: prefer mine or theirs',
  },
  draft_text_differs: {
    wire: 'invalid_request',
    status: 409,
    rule: 'LOG-02',
    hint: 'the text is not the one that was named: what was not seen is not approved',
    help: 'Look at it again, and name its digest',
  },
  draft_not_proposed: {
    wire: 'invalid_request',
    status: 409,
    rule: 'LOG-02',
    hint: 'nobody who wrote it has asked for its approval in this text',
    help: 'One of its authors proposes it first; of what was written on the machine alone, whoever takes it over by that',
  },
  api_conflict: {
    wire: 'invalid_request',
    status: 409,
    rule: 'HTP-01',
    hint: 'the change contradicts what is there: an id, an address or a name that is taken, or a limit that is reached',
  },
  api_other_source: {
    wire: 'invalid_request',
    status: 409,
    rule: 'PRV-04',
    hint: 'the record belongs to another source of people and is changed there',
  },
  api_version_differs: {
    wire: 'invalid_request',
    status: 412,
    rule: 'HTP-01',
    hint: 'somebody else has changed it since it was read: If-Match names another version than it has now',
  },
  api_not_found: {
    wire: 'invalid_request',
    status: 404,
    rule: 'HTP-01',
    hint: 'there is nothing at this address of the admin API',
  },
  api_wrong_method: {
    wire: 'invalid_request',
    status: 405,
    rule: 'HTP-01',
    hint: 'the address of the admin API does not know this method',
  },
  api_wrong_content_type: {
    wire: 'invalid_request',
    status: 415,
    rule: 'HTP-01',
    hint: 'the body must be application/json',
  },
  api_body_too_large: { wire: 'invalid_request', status: 413, rule: 'HTP-01', hint: 'the body is larger than 64 KiB' },
  api_body_malformed: {
    wire: 'invalid_request',
    rule: 'HTP-01',
    hint: 'the body is no JSON object, is nested too deeply, or names a member twice',
  },
  api_version_needed: {
    wire: 'invalid_request',
    status: 428,
    rule: 'HTP-01',
    hint: 'a change of something that was read before has to name its version in If-Match',
  },
  api_value_invalid: {
    wire: 'invalid_request',
    rule: 'HTP-01',
    hint: 'a value in the address, the query or the body is missing, unknown or not what it has to be',
  },
} as const satisfies Record<string, RefusalRow>;

export type Refusal = keyof typeof refusals;

/** The row of a refusal, with the HTTP status that goes with it. */
export function refusalRow(refusal: Refusal): RefusalRow & { readonly status: number } {
  const row: RefusalRow = refusals[refusal];
  return { ...row, status: row.status ?? wireCodes[row.wire].status };
}
