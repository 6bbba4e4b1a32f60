import type { FanOut, FanOutReceiver, Topic } from '../../core/nodes/fan-out.ts';
import type { Timers } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import type { Redis } from './redis.ts';
import { RedisAway } from './redis-away.ts';

/**
 * Fan-out over Redis: a sharded channel for each room and each user, so that a cluster spreads them. What is published
 * while Redis is away is lost, as the port allows.
 */
export class RedisFanOut implements FanOut {
  private readonly connection: Redis;
  private readonly timers: Timers;
  private readonly logger: Logger;
  private readonly inFlight = new Set<Promise<unknown>>();
  private readonly topics = new Set<Topic>();
  private receiver: FanOutReceiver | null = null;
  private stopListening = (): void => {};

  constructor(connection: Redis, parts: { timers: Timers; logger: Logger }) {
    this.connection = connection;
    this.timers = parts.timers;
    this.logger = parts.logger;
  }

  async start(receiver: FanOutReceiver): Promise<void> {
    this.receiver = receiver;
    const resumed = (): void => receiver.resumed();
    this.stopListening = this.connection.listen({ back: resumed, subscribedAgain: resumed });
  }

  publish(topic: Topic, payload: Buffer): void {
    const published = this.connection
      .publish(this.channelOf(topic), payload)
      .catch((error: unknown) => {
        if (!(error instanceof RedisAway)) this.logger.error('a notice could not be published', { error });
      })
      .finally(() => this.inFlight.delete(published));
    this.inFlight.add(published);
  }

  subscribe(topic: Topic): Promise<void> {
    this.topics.add(topic);
    return this.connection.subscribe(this.channelOf(topic), (message) => {
      this.receiver?.received(topic, message);
    });
  }

  unsubscribe(topic: Topic): void {
    this.topics.delete(topic);
    void this.connection.unsubscribe(this.channelOf(topic));
  }

  async flush(milliseconds: number): Promise<void> {
    let cancel = (): void => {};
    const deadline = new Promise<void>((resolve) => {
      cancel = this.timers.setTimeout(resolve, milliseconds);
    });
    await Promise.race([Promise.all(this.inFlight), deadline]);
    cancel();
  }

  async close(): Promise<void> {
    this.stopListening();
    this.receiver = null;
    for (const topic of [...this.topics]) this.unsubscribe(topic);
  }

  private channelOf(topic: Topic): string {
    return this.connection.key('live', topic);
  }
}
