import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { FanOut, FanOutReceiver, Topic } from './fan-out.ts';
import type { Notice } from './notices.ts';

export interface NoticeBoardOptions {
  /** Another one at each start. */
  readonly nodeId: string;
  readonly fanOut: FanOut;
  readonly keys: Pick<AtRestKeys, 'seal' | 'open'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Several notices on their way to one topic. */
interface Envelope {
  readonly version: typeof envelopeVersion;
  readonly origin: string;
  /** Goes up with every envelope of the origin. */
  readonly number: number;
  readonly at: number;
  readonly notices: readonly Notice[];
}

const envelopeVersion = 1;
/** Most notices in one envelope. */
const maxNotices = 100;
/** What is older is not believed: somebody may have kept it to send it again. More than clocks may differ. */
const freshMilliseconds = 60_000;

/**
 * Sends notices to the other nodes and takes theirs in: sealed under a key that only nodes have, bound to the topic, so
 * that whoever gets at the channel between them neither reads nor forges nor moves any. What is said on one topic in one
 * turn of the event loop goes as one.
 */
export class NoticeBoard {
  private readonly options: NoticeBoardOptions;
  private readonly waiting = new Map<Topic, Notice[]>();
  private number = 0;
  /** Envelopes about users and all nodes that were taken in lately, in two halves of the time that they are fresh. */
  private seen = new Set<string>();
  private seenBefore = new Set<string>();
  private seenSince = 0;

  constructor(options: NoticeBoardOptions) {
    this.options = options;
  }

  /** Tells the other nodes. Never throws, never waits. */
  publish(topic: Topic, notice: Notice): void {
    const waiting = this.waiting.get(topic);
    if (waiting !== undefined) {
      waiting.push(notice);
      return;
    }
    if (this.waiting.size === 0) queueMicrotask(() => this.send());
    this.waiting.set(topic, [notice]);
  }

  /** Hands over what was published within the time. */
  async flush(milliseconds: number): Promise<void> {
    this.send();
    await this.options.fanOut.flush(milliseconds);
  }

  /** Begins to hear. The handler is given each notice of another node, once for each time it was sent. */
  async start(handler: (notice: Notice) => void, resumed: () => void): Promise<void> {
    const receiver: FanOutReceiver = {
      received: (topic, payload) => this.receive(topic, payload, handler),
      resumed,
    };
    await this.options.fanOut.start(receiver);
    await this.options.fanOut.subscribe('control');
  }

  subscribe(topic: Topic): Promise<void> {
    return this.options.fanOut.subscribe(topic);
  }

  unsubscribe(topic: Topic): void {
    this.options.fanOut.unsubscribe(topic);
  }

  private send(): void {
    const { fanOut, nodeId, keys, clock } = this.options;
    for (const [topic, notices] of this.waiting) {
      for (let at = 0; at < notices.length; at += maxNotices) {
        this.number += 1;
        const envelope: Envelope = {
          version: envelopeVersion,
          origin: nodeId,
          number: this.number,
          at: clock.now(),
          notices: notices.slice(at, at + maxNotices),
        };
        fanOut.publish(topic, keys.seal('notice', topic, Buffer.from(JSON.stringify(envelope))));
      }
    }
    this.waiting.clear();
  }

  private receive(topic: Topic, payload: Buffer, handler: (notice: Notice) => void): void {
    const envelope = this.open(topic, payload);
    if (envelope === null || envelope.origin === this.options.nodeId) return;
    // Of rooms, everything has a number of its own and is taken once in any case.
    if (!topic.startsWith('room:') && this.wasSeen(envelope)) return;
    for (const notice of envelope.notices) {
      try {
        handler(notice);
      } catch (error) {
        this.options.logger.error('a notice of another node could not be followed', {
          kind: notice.kind,
          error,
        });
      }
    }
  }

  private open(topic: Topic, payload: Buffer): Envelope | null {
    const { keys, clock, logger } = this.options;
    const text = keys.open('notice', topic, payload);
    if (text === null) {
      logger.warn('a notice was not sealed by a node of ours', { bytes: payload.length });
      return null;
    }
    const envelope = readEnvelope(text.toString());
    // Nodes of a later version may say things in another form; what they mean is found in the store.
    if (envelope?.version !== envelopeVersion) return null;
    return Math.abs(clock.now() - envelope.at) > freshMilliseconds ? null : envelope;
  }

  private wasSeen({ origin, number }: Envelope): boolean {
    const now = this.options.clock.now();
    if (now - this.seenSince > 2 * freshMilliseconds) {
      this.seenBefore = this.seen;
      this.seen = new Set();
      this.seenSince = now;
    }
    const name = `${origin} ${number}`;
    if (this.seen.has(name) || this.seenBefore.has(name)) return true;
    this.seen.add(name);
    return false;
  }
}

function readEnvelope(text: string): Envelope | null {
  try {
    return JSON.parse(text) as Envelope | null;
  } catch {
    return null;
  }
}
