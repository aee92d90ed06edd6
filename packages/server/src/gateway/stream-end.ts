import type { ServerResponse } from 'node:http';
import type { Caller, Standing } from '@credence/mcp/resource';
import type { Answer } from './answer.ts';

/** After so long it is looked at again whether somebody who was let in may stay. */
export const checkEveryMs = 250;
/** One for all: making one for each call costs more than the rest of this. */
const over = new Error('nobody waits for it any more');

/**
 * Ends what is under way when the client goes, and a stream when its token ends or is revoked (MCS-14), or its server is taken
 * out of the document. A call that waits for
 * its answer gets it: what it did is done.
 */
export function endWith(
  outgoing: ServerResponse,
  answer: Answer,
  caller: Caller,
  options: {
    readonly nowMs: () => number;
    readonly standingOf: (token: Caller) => Promise<Standing>;
    readonly isServed: () => boolean;
    /** Told once, when a stream ends because its caller is cut off. */
    readonly onCutOff: () => void;
    readonly onFault: (fault: unknown) => void;
  },
): { readonly signal: AbortSignal; readonly done: () => void } {
  const controller = new AbortController();
  const abort = () => controller.abort(over);
  outgoing.once('close', abort);
  if (outgoing.destroyed) abort(); // it went while its token was looked at, and will not go again

  let isTold = false;
  const hasEnded = async () => {
    if (options.nowMs() >= caller.expiresAt * 1000 || !options.isServed()) return true;
    const standing = await options.standingOf(caller);
    if (standing === 'revoked' && answer.isStream && !isTold) {
      isTold = true;
      options.onCutOff();
    }
    return standing !== 'holds';
  };
  const timer = setInterval(async () => {
    try {
      if (await hasEnded()) answer.endStream();
    } catch (fault) {
      options.onFault(fault);
      answer.endStream(); // nobody can say that it still holds
    }
  }, checkEveryMs).unref();
  return {
    signal: controller.signal,
    done() {
      clearInterval(timer);
      outgoing.off('close', abort);
      abort(); // what an upstream still says to it is heard by nobody, and holds a connection
    },
  };
}
