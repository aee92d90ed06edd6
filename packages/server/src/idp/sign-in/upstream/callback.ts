import type { EpochSeconds } from '@credence/mcp/protocol';
import type Provider from 'oidc-provider';
import { randomId } from '../../../call.ts';
import { findOrLink } from '../../../directory/upstream/link.ts';
import type { RelyingParty } from '../../../directory/upstream/relying-party.ts';
import { checkStrength, toStrength } from '../../../directory/upstream/strength.ts';
import { coversAcr } from '../../../policy/sign-in-levels.ts';
import type { Context, Layer } from '../layer.ts';
import type { SignInOptions } from '../options.ts';
import type { PageFrame } from '../pages.ts';
import { endSessionOfAnother } from '../session-of-another.ts';
import { toLoginTime } from '../session-times.ts';
import type { Attempts, OpenAttempt } from './attempts.ts';
import type { UpstreamOptions } from './options.ts';
import { showUpstreamRefusal } from './refused.ts';

/** What the resumed sign-in needs to know of the one over there. */
export interface UpstreamResult {
  readonly name: string;
  readonly issuer: string;
  readonly subject: string;
  readonly sid: string | undefined;
  readonly provenAt: EpochSeconds;
  /** Sealed. */
  readonly idToken: string;
}

/** GET `/sign-in/upstream/<name>`: the browser comes back. Each upstream has an address of its own (mix-up). */
export function upstreamCallback(
  options: SignInOptions,
  upstreams: UpstreamOptions,
  attempts: Attempts,
  frame: PageFrame,
  provider: Provider,
): Layer {
  return async (context: Context, next) => {
    const [, name] = /^\/sign-in\/upstream\/([a-z0-9-]{1,32})$/.exec(context.path) ?? [];
    const party = name === undefined ? undefined : upstreams.parties.get(name);
    if (!party || context.method !== 'GET') return next();
    const { upstream } = party;
    const returned = new URLSearchParams(context.querystring);
    const attempt = await attempts.take(context, upstream.name, returned.get('state') ?? '');
    if (!attempt.ok) return showUpstreamRefusal(options, frame, context, { upstream, reason: attempt.refusal });
    await cameBack(context, party, returned, attempt.value);
  };

  /** Verify, judge, find the person, and only then let the sign-in that waits go on. */
  async function cameBack(context: Context, party: RelyingParty, returned: URLSearchParams, attempt: OpenAttempt) {
    const { upstream } = party;
    const interaction = await provider.Interaction.find(attempt.interaction);
    if (!interaction) {
      return showUpstreamRefusal(options, frame, context, { upstream, reason: 'upstream_answer_unexpected' });
    }
    const client = String(interaction.params.client_id);
    const again = `/interaction/${interaction.uid}`;
    const answer = await party.finish(returned, attempt);
    if (!answer.ok) {
      return showUpstreamRefusal(options, frame, context, { upstream, reason: answer.refusal, client, again });
    }
    const { subject, claims, sid, idToken } = answer.value;
    const identified = { upstream, client, again, known: true, facts: { issuer: upstream.issuer, subject } };

    const now = options.now();
    const strength = toStrength(claims, upstream.acr);
    const { startedAt, asked } = attempt;
    const isStrong = checkStrength(strength, asked, {
      startedAt,
      now,
      skewSeconds: options.skewSeconds,
      covers: coversAcr,
    });
    if (!isStrong.ok) return showUpstreamRefusal(options, frame, context, { ...identified, reason: isStrong.refusal });

    const linked = await findOrLink(
      { upstream, subject, claims },
      {
        store: options.store,
        now,
        newId: () => randomId('u_'),
        records: (...about) => options.directoryRows(...about),
      },
    );
    if (!linked.ok) return showUpstreamRefusal(options, frame, context, { ...identified, reason: linked.refusal });
    const person = linked.value;

    const by = { personId: person.id, client, address: options.addressOf(context.req) };
    await endSessionOfAnother(options, provider, interaction, by);
    const result: UpstreamResult = {
      name: upstream.name,
      issuer: upstream.issuer,
      subject,
      sid,
      provenAt: now,
      idToken: upstreams.seal.close(idToken),
    };
    const { acr, amr, authTime } = strength;
    const login = {
      accountId: person.id,
      amr: [...amr],
      ...(acr !== undefined && { acr }),
      ts: toLoginTime(now, authTime),
    };
    interaction.result = { ...interaction.lastSubmission, login, consent: {}, upstream: result };
    await interaction.persist();
    context.redirect(interaction.returnTo);
    context.status = 303;
    context.body = '';
  }
}
