import { createPace, toNetwork } from '../../limits.ts';
import { pageHeaders } from '../../pages/headers.ts';
import type { Context, Layer } from './layer.ts';
import type { SignInOptions } from './options.ts';
import { type PageFrame, refusedPage } from './pages.ts';
import { isForPrograms, refuseProgram } from './token-door.ts';

/** What begins here is written down for whoever comes: a sign-in for half an hour, whether or not anybody goes on with it. */
const startPaths = ['/auth', '/request', '/session/end'];
/** Of one network: an office behind one address may begin its day, and nobody fills the disk from one place. */
const limits = { burst: 600, perSecond: 10 };
/** Forms of its pages: one of them may lead to a passkey or to a provider, each of which is written down too. */
const stepPath = '/interaction/';
/** Four forms to each sign-in that begins. */
const stepLimits = { burst: 4 * limits.burst, perSecond: 4 * limits.perSecond };

/** Anybody may begin a sign-in, and does not have to say who they are: so many from one network, and no more (T27). */
export function limitStarts(options: SignInOptions, frame: PageFrame): Layer {
  const { shared, now } = options;
  const nowMs = () => now() * 1000;
  const starts = createPace({ ...limits, nowMs, shared, name: 'start' });
  const steps = createPace({ ...stepLimits, nowMs, shared, name: 'step' });
  const paceOf = ({ path, method }: Context) => {
    if (startPaths.includes(path)) return starts;
    return method === 'POST' && path.startsWith(stepPath) ? steps : undefined;
  };
  return async (context: Context, next) => {
    const address = options.addressOf(context.req);
    const pace = paceOf(context);
    if (!pace || pace.take(toNetwork(address))) return next();
    context.set('retry-after', '1');
    const reason = 'too_many_requests';
    if (isForPrograms(context.path)) return refuseProgram(context, options, reason);
    const note = { kind: 'refusal', outcome: 'refused', reason, address, known: false, facts: {} } as const;
    const reference = await options.note(note);
    context.set(pageHeaders());
    context.status = 429;
    context.body = refusedPage(frame, {
      state: 'Too many at once',
      title: 'Too many begin to sign in from your network.',
      lead: 'Nothing happened. Wait a few seconds, then try again from your agent.',
      reference,
    });
  };
}
