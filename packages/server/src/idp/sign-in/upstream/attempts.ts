import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type EpochSeconds, no, ok, type Refusal, type Result } from '@credence/mcp/protocol';
import type { Attempt } from '../../../directory/upstream/relying-party.ts';
import type { AskedStrength } from '../../../directory/upstream/strength.ts';
import type { ArtifactStore } from '../../../store/store.ts';
import type { Context } from '../layer.ts';

/** One way to an upstream and back: what it belongs to, and what has to come back with it. */
export interface OpenAttempt extends Attempt {
  readonly upstream: string;
  /** `uid` of the interaction that waits for it. */
  readonly interaction: string;
  readonly asked: AskedStrength;
  readonly startedAt: EpochSeconds;
}

/** Why an answer is no answer to an attempt. */
export type AttemptRefusal = Extract<
  Refusal,
  'upstream_answer_unexpected' | 'upstream_answer_repeated' | 'upstream_other_browser'
>;

export interface Attempts {
  /** Opens one, and ties it to this browser by a cookie that no other browser has. */
  open(context: Context, about: Pick<OpenAttempt, 'upstream' | 'interaction' | 'asked'>): Promise<OpenAttempt>;
  /**
   * The attempt with this state, used up: of several answers exactly one gets it. Upstream and browser are compared
   * before, so that whoever has learned a state cannot use it up from elsewhere.
   */
  take(context: Context, upstream: string, state: string): Promise<Result<OpenAttempt>>;
}

const model = 'UpstreamSignIn';
const seconds = 1800;

export function createAttempts(options: {
  readonly artifacts: ArtifactStore;
  readonly now: () => EpochSeconds;
  readonly secure: boolean;
}): Attempts {
  const { artifacts, now, secure } = options;
  // One value for all the tabs of a browser. `__Host-`: no other host, no other path can set it.
  const cookieName = secure ? '__Host-credence_upstream' : 'credence_upstream';
  const cookie = { path: '/', httpOnly: true, sameSite: 'lax', signed: true, secure, overwrite: true } as const;

  return {
    async open(context, about) {
      const browser = context.cookies.get(cookieName, { signed: true }) ?? randomValue();
      context.cookies.set(cookieName, browser, { ...cookie, maxAge: seconds * 1000 });
      const attempt: OpenAttempt = {
        ...about,
        state: randomValue(),
        nonce: randomValue(),
        verifier: randomValue(),
        startedAt: now(),
      };
      const { state, ...kept } = attempt;
      await artifacts.upsert(model, hash(state), { ...kept, browser: hash(browser) }, now() + seconds);
      return attempt;
    },

    async take(context, upstream, state) {
      const id = hash(state);
      const found = (await artifacts.find(model, id)) as
        | (OpenAttempt & { browser: string; consumed?: number })
        | undefined;
      if (!found || found.upstream !== upstream) return no('upstream_answer_unexpected');
      const browser = context.cookies.get(cookieName, { signed: true }) ?? '';
      if (!isSame(hash(browser), found.browser)) return no('upstream_other_browser');
      if (!(await artifacts.consume(model, id, now()))) return no('upstream_answer_repeated');
      return ok({ ...found, state });
    },
  };
}

function randomValue(): string {
  return randomBytes(32).toString('base64url');
}

function hash(value: string): string {
  return createHash('sha256').update(value).digest('base64url');
}

function isSame(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
