import type { OneTimeValues } from '../../core/nodes/one-time-values.ts';
import { type RandomBytes, newId } from '../../core/random.ts';
import type { AtRestKeys } from '../../crypto/at-rest.ts';
import {
  type Chain,
  type ChainKeeper,
  type Pair,
  type TakenId,
  idMilliseconds,
  rememberedMilliseconds,
} from './chain.ts';
import { keyBytes } from './field-cipher.ts';
import { hashSessionId, newSessionId } from './session-id.ts';

/** What is kept of an id. */
interface Link {
  readonly chain: Chain;
  readonly key: string;
  readonly endsAt: number;
}

/**
 * The ids that are good on every node. A chain has one id at a time, so all of it is kept with that id, sealed, under
 * its hash: a request may come to any node.
 */
export class SharedChains implements ChainKeeper {
  private readonly values: OneTimeValues;
  private readonly keys: Pick<AtRestKeys, 'seal' | 'open'>;
  private readonly random: RandomBytes;

  constructor(options: {
    values: OneTimeValues;
    keys: Pick<AtRestKeys, 'seal' | 'open'>;
    random: RandomBytes;
  }) {
    this.values = options.values;
    this.keys = options.keys;
    this.random = options.random;
  }

  begin(): Chain {
    return { name: newId(this.random), login: null, askedForCode: false, notedAt: 0 };
  }

  /** @throws Refusal `busy` */
  async issue(chain: Chain, now: number): Promise<Pair> {
    const pair = { id: newSessionId(this.random), key: this.random(keyBytes).toString('hex') };
    const hash = hashSessionId(pair.id);
    if (hash === null) throw new Error('a fresh id has the form of one');
    await this.keep(hash, { chain, key: pair.key, endsAt: now + idMilliseconds }, now);
    return pair;
  }

  /** @throws Refusal `busy` */
  async take(id: string, now: number): Promise<TakenId> {
    const hash = hashSessionId(id);
    if (hash === null) return { state: 'unknown' };
    const sealed = await this.values.take(hash);
    const text = sealed === null ? null : this.keys.open('vws-chain', hash, sealed);
    if (text === null) return { state: 'unknown' };
    // It was written by a node, and nobody else can have sealed it.
    const link = JSON.parse(text.toString()) as Link;
    const { chain, key, endsAt } = link;
    if (now < endsAt) return { state: 'good', chain, key };
    if (now >= endsAt + rememberedMilliseconds) return { state: 'unknown' };
    await this.keep(hash, link, now);
    return { state: 'expired' };
  }

  private async keep(hash: string, link: Link, now: number): Promise<void> {
    const sealed = this.keys.seal('vws-chain', hash, Buffer.from(JSON.stringify(link)));
    await this.values.put(hash, sealed, link.endsAt + rememberedMilliseconds - now);
  }
}
