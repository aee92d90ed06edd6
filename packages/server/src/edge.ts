import type { IncomingMessage } from 'node:http';
import type { RefusalLedger } from './audit/refusal-ledger.ts';
import type { CertificateReader } from './clients/client-certificate.ts';
import type { CallerLimits } from './clients/waiting.ts';
import type { InForce } from './in-force.ts';
import type { Stops } from './stops/memory.ts';
import type { Store } from './store/store.ts';
import type { Watch } from './watch.ts';

/** What every token endpoint needs besides its own half. */
export interface Edge extends CallerLimits {
  readonly store: Store;
  readonly stops: Pick<Stops, 'upTo' | 'current'>;
  readonly inForce: Pick<InForce, 'upTo'>;
  /** The one clock: milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly ledger: RefusalLedger;
  /** Network address of the caller, as far as configured proxies are trusted. */
  readonly addressOf: (incoming: IncomingMessage | undefined) => string;
  /** The certificate a caller showed; absent where none is looked for. */
  readonly certificateOf?: CertificateReader | undefined;
  /** Tells the operator about a fault; never sees a request body. */
  readonly onFault: (fault: unknown) => void;
  /** Counts, measures and traces; absent where nobody wants to know. */
  readonly watch?: Watch | undefined;
}
