import { hasType, joseType, looksLikeJwe, no, ok, parseJws, type Result } from '@credence/mcp/protocol';
import type { Call } from '../call.ts';
import { authenticateClient } from '../clients/authenticate.ts';
import { clientIdOf } from '../policy/compile-client.ts';
import type { Ras } from './jwt-bearer.ts';
import { verifyOwnToken } from './own-token.ts';

/**
 * POST /revoke (RAS-37). A client ends a token of its own; an unknown, expired or foreign one is answered like a success, and
 * nothing happens; what says that it is a token of another kind is refused. From the answer on, introspection says inactive and the gateway refuses.
 * @see https://www.rfc-editor.org/rfc/rfc7009#section-2
 */
export async function revoke(call: Call, ras: Ras): Promise<Result<object>> {
  const authenticated = authenticateClient(call, ras.registry);
  const client = authenticated instanceof Promise ? await authenticated : authenticated;
  if (!client.ok) return client;
  const text = call.form.get('token');
  if (!text) return no('missing_parameter');
  if (isOfOtherKind(text)) return no('token_kind_not_revocable');

  const token = verifyOwnToken(text, ras.ownTokens, call.now);
  if (!token || token.clientId !== clientIdOf(client.value)) return ok({});
  const { id, subject, resource, expiresAt } = token;
  const until = expiresAt + ras.skewSeconds;
  // Not before it is known that the client has proven itself anew. Also when it is said again: guards may not have heard of it.
  call.afterwards(() => ras.store.cutOffs.revokeToken({ id, resource, until }));
  call.recordAs('revocation');
  call.note({ accessToken: id, person: subject, resource });
  call.mark({ kind: 'token_revoked', id, until }, 'if_granted');
  return ok({});
}

const otherKinds = Object.values(joseType).filter((kind) => kind !== joseType.accessToken);

/** A success would let whoever asked believe that an ID-JAG is dead that redeems. @see https://www.rfc-editor.org/rfc/rfc7009#section-2.2.1 */
function isOfOtherKind(text: string): boolean {
  if (looksLikeJwe(text)) return true; // such as an encrypted ID-JAG; none of ours is
  const jws = parseJws(text);
  return jws !== undefined && otherKinds.some((kind) => hasType(jws.header, kind));
}
