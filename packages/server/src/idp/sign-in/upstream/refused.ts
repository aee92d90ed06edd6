import type { Refusal } from '@credence/mcp/protocol';
import type { Facts } from '../../../audit/record.ts';
import type { Upstream } from '../../../directory/upstream/settings.ts';
import { pageHeaders } from '../../../pages/headers.ts';
import type { Context } from '../layer.ts';
import type { SignInOptions } from '../options.ts';
import type { PageFrame } from '../pages.ts';
import { upstreamRefusedPage } from './pages.ts';
import { toWords } from './refusal-words.ts';

/** Puts a failed sign-in at an upstream on the record, and says so to the person, with the reference. */
export async function showUpstreamRefusal(
  options: SignInOptions,
  frame: PageFrame,
  context: Context,
  refused: {
    readonly upstream: Upstream;
    readonly reason: Refusal;
    readonly client?: string | undefined;
    readonly again?: string | undefined;
    /** Somebody has proven who they are: then it is never only counted. */
    readonly known?: boolean;
    readonly facts?: Facts;
  },
): Promise<void> {
  const { upstream, reason, client, again, known = false, facts } = refused;
  const reference = await options.note({
    kind: 'sign_in',
    outcome: 'refused',
    reason,
    address: options.addressOf(context.req),
    known,
    facts: { ...(client !== undefined && { client }), ...facts, upstream: upstream.name },
  });
  const { status, ...words } = toWords(reason, upstream.label, options.organisation);
  context.set(pageHeaders());
  if (status === 503) context.set('retry-after', '30');
  context.status = status;
  context.body = upstreamRefusedPage(frame, { ...words, reference, again });
}
