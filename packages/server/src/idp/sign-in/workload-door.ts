import { no, ok, type Result } from '@credence/mcp/protocol';
import { authenticateClient, readCredentials } from '../../clients/authenticate.ts';
import type { Form } from '../../form.ts';
import type { Mark } from '../../store/store.ts';
import { clientAssertionMark } from './adapter.ts';
import type { SignInOptions } from './options.ts';

/**
 * A token of the platform a client runs on, shown where `oidc-provider` authenticates clients: it knows no such thing, so
 * the token is judged here, as at the token exchange, and the request is passed on with a pass in its place.
 * @param pass - known to this process only, and good for clients with `workload` only
 * @returns the body to pass on; the one that came, where no such client is named
 */
export async function exchangeForPass(
  { text, form }: { readonly text: string; readonly form: Form },
  authorization: string | undefined,
  pass: string,
  options: Pick<SignInOptions, 'issuer' | 'clients' | 'complete' | 'secretHashes' | 'since' | 'store' | 'now'>,
): Promise<Result<string>> {
  const clientId = form.get('client_id');
  if (clientId === undefined || form.get('client_assertion') === undefined) return ok(text);
  if (!options.clients().get(clientId)?.workload) return ok(text);

  const marks: Mark[] = [];
  const call = {
    credentials: readCredentials({ authorization, form }),
    now: options.now(),
    note: () => undefined,
    authenticated: () => undefined,
    mark: (mark: Mark) => marks.push(mark),
  };
  const { issuer, complete, secretHashes, since, store } = options;
  const find = (id: string) => options.clients().get(id);
  const client = await authenticateClient(call, {
    issuer,
    find,
    complete,
    secretHashes,
    since,
    assertionMark: clientAssertionMark,
  });
  if (!client.ok) return client;
  const used = await store.commit({ marks, records: [] });
  if (!used.won) return no('client_assertion_replayed');

  const body = new URLSearchParams(text);
  body.delete('client_assertion');
  body.delete('client_assertion_type');
  body.set('client_secret', pass);
  return ok(body.toString());
}
