import type { Timers } from '../../../core/clock.ts';
import type { Logger } from '../../../core/logger.ts';
import { type NodeAddress, SlotMap } from './slot-map.ts';

export interface SlotWatchOptions {
  readonly timers: Timers;
  readonly logger: Logger;
  /** Asks some server of the cluster. */
  readonly ask: () => Promise<SlotMap>;
  /** Called with each map, whether it differs or not. */
  readonly onMap: (map: SlotMap) => void;
  /** Whether all is well, so that there is no hurry to look again. */
  readonly isSound: () => boolean;
}

/** Where nobody says that anything has changed. */
const usualPause = 5_000;
/** Where something is away, and another server may take its place. */
const unsoundPause = 300;
/** Where somebody says so. */
const shortPause = 100;

/** Knows which server has which slot, and looks again when there is reason to, and now and then. */
export class SlotWatch {
  private readonly options: SlotWatchOptions;
  private map = SlotMap.empty;
  private isLooking = false;
  private isAwaitedSoon = false;
  private isStopped = false;
  private saidAway = false;
  private cancelTimer = (): void => {};

  constructor(options: SlotWatchOptions) {
    this.options = options;
  }

  get current(): SlotMap {
    return this.map;
  }

  /** Resolves after the first look, whether it succeeded or not. */
  start(): Promise<void> {
    return this.look();
  }

  stop(): void {
    this.isStopped = true;
    this.cancelTimer();
  }

  /** Something may have changed. */
  refresh(): void {
    if (this.isStopped || this.isAwaitedSoon) return;
    this.isAwaitedSoon = true;
    if (!this.isLooking) this.schedule(shortPause);
  }

  /** A server says that another one has the slot. */
  moved(slot: number, owner: NodeAddress): void {
    if (this.isStopped || this.map.ownerOf(slot) === owner) return;
    this.take(this.map.with(slot, owner));
    this.refresh();
  }

  private async look(): Promise<void> {
    const { ask, isSound, logger } = this.options;
    this.isLooking = true;
    this.isAwaitedSoon = false;
    try {
      const map = await ask();
      if (this.isStopped) return;
      this.saidAway = false;
      this.take(map);
    } catch (error) {
      if (this.isStopped) return;
      if (!this.saidAway) logger.warn('no server says who serves the redis cluster', { error });
      this.saidAway = true;
    } finally {
      this.isLooking = false;
    }
    const pause = isSound() ? usualPause : unsoundPause;
    this.schedule(this.isAwaitedSoon ? shortPause : pause);
  }

  private schedule(milliseconds: number): void {
    this.cancelTimer();
    this.cancelTimer = this.options.timers.setTimeout(() => void this.look(), milliseconds);
  }

  private take(map: SlotMap): void {
    this.map = map;
    this.options.onMap(map);
  }
}
