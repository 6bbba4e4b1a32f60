import type { AddressRanges } from '../core/addresses.ts';
import type { Clock, Timers } from '../core/clock.ts';
import type { Core } from '../core/core.ts';
import type { Logger } from '../core/logger.ts';
import type { RandomBytes } from '../core/random.ts';
import type { Reader } from '../core/store.ts';

/** What every gateway is made with. */
export interface GatewayParts {
  readonly core: Core;
  readonly read: Reader;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: RandomBytes;
  /** The gateway's own part of the log. */
  readonly logger: Logger;
  /** PEM: the server's certificate, for listeners that are secured. */
  readonly tls: { readonly keyPem: string; readonly certificatePem: string };
  /** Proxies and load balancers that are believed when they say whose connection it is. */
  readonly trustProxy: AddressRanges;
  /** Whether people without an account are let in. */
  readonly guests: boolean;
}

/** A gateway that is serving. */
export interface RunningGateway {
  /** Where it can be reached from this machine. */
  readonly url: string;
  /** Takes another certificate for connections to come, without dropping anybody. */
  setCertificate?(tls: GatewayParts['tls']): void;
  /** Accepts no more, lets what was sent be read within the time, then closes. */
  drain(milliseconds: number): Promise<void>;
}
