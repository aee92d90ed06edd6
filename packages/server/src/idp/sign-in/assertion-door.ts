import { hash } from 'node:crypto';
import { type EpochSeconds, no, ok, type Result } from '@credence/mcp/protocol';
import type { Facts } from '../../audit/record.ts';
import { authenticateClient, readCredentials } from '../../clients/authenticate.ts';
import type { Form } from '../../form.ts';
import { clientIdOf } from '../../policy/compile-client.ts';
import type { Mark } from '../../store/store.ts';
import type { SignInOptions } from './options.ts';

/** What came, in the two ways it is read. */
interface Body {
  readonly text: string;
  readonly form: Form;
}

/**
 * An assertion of a client, or a token of the platform it runs on, shown where `oidc-provider` authenticates clients. It is judged
 * here, as at the token exchange, by the one reader and the one set of rules (IDP-04), and the request is passed on with a pass in
 * its place: `oidc-provider` never reads one. Two readers that differ by a blank had let a used one in again (B08).
 * @param pass - known to this process only, and good for clients that prove themselves so
 * @param note - is told what is learned of the client, whatever becomes of it
 * @returns the body to pass on; the one that came, where no assertion is shown
 */
export async function exchangeForPass(
  { text, form }: Body,
  authorization: string | undefined,
  pass: string,
  options: Pick<
    SignInOptions,
    'issuer' | 'clients' | 'complete' | 'secretHashes' | 'since' | 'skewSeconds' | 'store' | 'now'
  >,
  note: (facts: Facts) => void,
): Promise<Result<string>> {
  if (form.get('client_assertion') === undefined) return ok(text);

  const marks: Mark[] = [];
  const call = {
    credentials: readCredentials({ authorization, form }),
    now: options.now(),
    note,
    authenticated: () => undefined,
    mark: (mark: Mark) => marks.push(mark),
  };
  const { issuer, complete, secretHashes, since, skewSeconds, store } = options;
  const find = (id: string) => options.clients().get(id);
  const client = await authenticateClient(call, {
    issuer,
    find,
    complete,
    secretHashes,
    since,
    skewSeconds,
    assertionMark: clientAssertionMark,
  });
  if (!client.ok) return client;
  const used = await store.commit({ marks, records: [] });
  if (!used.won) return no('client_assertion_replayed');

  const body = new URLSearchParams(text);
  body.delete('client_assertion');
  body.delete('client_assertion_type');
  body.set('client_id', clientIdOf(client.value));
  body.set('client_secret', pass);
  return ok(body.toString());
}

/** The mark of a client assertion: one replay space for every endpoint of this issuer. The client id keeps the spaces of two clients apart. */
export function clientAssertionMark(clientId: string, jti: string, until: EpochSeconds): Mark {
  return { kind: 'client_assertion', id: `${clientId} ${hash('sha256', `${clientId}${jti}`, 'base64url')}`, until };
}
