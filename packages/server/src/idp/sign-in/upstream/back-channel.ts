import { no, ok, type Refusal, type Result, refusalRow, wireCodes } from '@credence/mcp/protocol';
import type Provider from 'oidc-provider';
import { type LogoutToken, verifyLogoutToken } from '../../../directory/upstream/logout-token.ts';
import type { RelyingParty } from '../../../directory/upstream/relying-party.ts';
import { parseForm } from '../../../form.ts';
import { verifySignature } from '../../../keys/verify-signature.ts';
import { endSession } from '../end-session.ts';
import type { Context, Layer } from '../layer.ts';
import type { SignInOptions } from '../options.ts';
import { readFormBody } from '../request-body.ts';
import { endedThere, noteEnd } from './ended.ts';
import type { UpstreamOptions } from './options.ts';

/**
 * POST `/backchannel-logout/<name>`: an upstream says that a session there has ended; what stands on it here ends at once
 * (SIG-04). @see https://openid.net/specs/openid-connect-backchannel-1_0.html#BCRequest
 */
export function backChannelLogout(options: SignInOptions, upstreams: UpstreamOptions, provider: Provider): Layer {
  const { store } = options;
  return async (context: Context, next) => {
    const [, name] = /^\/backchannel-logout\/([a-z0-9-]{1,32})$/.exec(context.path) ?? [];
    if (name === undefined) return next();
    context.set('cache-control', 'no-store');
    const party = upstreams.parties.get(name);
    if (!party) return refuse(context, name, 'upstream_unknown');
    const token = await readToken(context, party);
    if (!token.ok) return refuse(context, name, token.refusal);
    const { issuer } = party.upstream;
    const { id, until, subject, sid } = token.value;

    const mark = { kind: 'logout_token', id: JSON.stringify([issuer, id]), until } as const;
    if (await store.isMarked(mark.kind, mark.id)) return refuse(context, name, 'logout_token_replayed');
    // First: whoever comes back from there after this is not let in by what has ended, whoever came before is found.
    await noteEnd(store, { issuer, subject, sid }, options.now());
    const why = endedThere(name, { issuer, subject }, options.addressOf(context.req));
    for (const uid of await store.upstream.sessionsOn({ issuer, subject, sid })) {
      await endSession(options, provider, uid, why);
    }
    // Last: a crash before it lets the upstream try again, and ending what has ended changes nothing.
    await store.commit({ marks: [mark], records: [] });
    context.status = 200;
    context.body = '';
  };

  async function readToken(context: Context, { upstream }: RelyingParty): Promise<Result<LogoutToken>> {
    if (context.method !== 'POST') return no('wrong_method');
    const text = await readFormBody(context.req);
    if (!text.ok) return text;
    const form = parseForm(text.value);
    if (!form.ok) return form;
    const token = form.value.get('logout_token');
    if (token === undefined) return no('logout_token_invalid');
    const expected = {
      issuer: upstream.issuer,
      clientId: upstream.clientId,
      now: options.now(),
      skewSeconds: options.skewSeconds,
    };
    const verified = await verifyLogoutToken(
      token,
      expected,
      (header) => upstreams.keysOf(upstream.issuer, header),
      verifySignature,
    );
    return verified.ok ? ok(verified.value) : verified;
  }

  async function refuse(context: Context, upstream: string, reason: Refusal): Promise<void> {
    const address = options.addressOf(context.req);
    const facts = upstreams.parties.has(upstream) ? { upstream } : {};
    const reference = await options.note({ kind: 'refusal', outcome: 'refused', reason, address, known: false, facts });
    const { wire, status } = refusalRow(reason);
    // "400 Bad Request" for whatever is wrong with the token (§2.8), an error of ours apart.
    context.status = status;
    context.body = { error: wire, error_description: `${wireCodes[wire].sentence} Reference: ${reference}` };
  }
}
