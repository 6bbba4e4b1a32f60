/** Who deals with things in turn. */
export interface TurnTaker<Item> {
  /** Deals with one. Never rejects. */
  deal(item: Item): Promise<void>;
  /** Called when so many wait that no more should come. */
  onFull(): void;
  /** Called when more may come again. */
  onFree(): void;
}

const defaultFull = 64;

/**
 * Deals with one thing after another, in the order they came. Nothing is turned away: whoever brings them is told when to
 * pause, so that what waits is bounded by what they bring at once.
 */
export class Turns<Item> {
  private readonly taker: TurnTaker<Item>;
  private readonly full: number;
  private waiting: Item[] = [];
  private isBusy = false;
  private working: Promise<void> = Promise.resolve();
  private isFull = false;
  private isStopped = false;

  /** @param full waiting ones from which on it is full. Default 64 */
  constructor(taker: TurnTaker<Item>, full = defaultFull) {
    this.taker = taker;
    this.full = full;
  }

  /** Takes one more. After `stop` it is dropped. */
  add(item: Item): void {
    if (this.isStopped) return;
    this.waiting.push(item);
    if (!this.isFull && this.waiting.length >= this.full) {
      this.isFull = true;
      this.taker.onFull();
    }
    if (!this.isBusy) this.working = this.work();
  }

  /** Drops what waits. What is being dealt with is not interrupted. */
  stop(): void {
    this.isStopped = true;
    this.waiting = [];
  }

  /** Fulfilled when nothing is being dealt with any more. */
  settled(): Promise<void> {
    return this.working;
  }

  private async work(): Promise<void> {
    this.isBusy = true;
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      for (const item of batch) {
        if (this.isStopped) break;
        await this.taker.deal(item);
      }
      if (this.isFull && this.waiting.length === 0 && !this.isStopped) {
        this.isFull = false;
        this.taker.onFree();
      }
    }
    this.isBusy = false;
  }
}
