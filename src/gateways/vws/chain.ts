/** How long an id is good. */
export const idMilliseconds = 60 * 60 * 1000;
/** How long it is known of an id that it was good once, so that its owner is told why it no longer is. */
export const rememberedMilliseconds = 24 * 60 * 60 * 1000;

/** A client as it goes from one id to the next. */
export interface Chain {
  /** Stable over its ids. A recovery code is bound to it. */
  readonly name: string;
  /** Who is logged in. */
  login: { readonly userId: string; readonly mark: string } | null;
  /** Whether a code was asked for that is not confirmed yet. */
  askedForCode: boolean;
  /** When it was noted last where the user is. */
  notedAt: number;
}

/** What a client needs for its next request. */
export interface Pair {
  readonly id: string;
  /** 64 hex digits. */
  readonly key: string;
}

/** What an id stands for. */
export type TakenId =
  | { readonly state: 'good'; readonly chain: Chain; readonly key: string }
  | { readonly state: 'expired' | 'unknown' };

/** The ids that are good, each for one request (GATEWAYS.md, on `vws`), and the chains that they stand for. */
export interface ChainKeeper {
  /** A client that nobody knows yet. */
  begin(): Chain;
  /** The chain's next id, good from now on. */
  issue(chain: Chain, now: number): Pair | Promise<Pair>;
  /** Tests and sets at once: of two requests with one id, one gets it. */
  take(id: string, now: number): TakenId | Promise<TakenId>;
}
