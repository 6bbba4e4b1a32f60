/** Something with bytes to write. */
interface Writing {
  flush(): void;
}

/** Lets the connections of a gateway write once what falls to them in one turn of the event loop. */
export class TurnEnd {
  private waiting: Writing[] = [];
  private joinedParts: readonly Buffer[] = [];
  private joined = Buffer.alloc(0);

  /** Has it write when the turn is over. */
  whenOver(writing: Writing): void {
    this.waiting.push(writing);
    if (this.waiting.length > 1) return;
    setImmediate(() => {
      const { waiting } = this;
      this.waiting = [];
      for (const each of waiting) each.flush();
      this.joinedParts = [];
      this.joined = Buffer.alloc(0);
    });
  }

  /**
   * The parts as one piece. Whoever listens to the same is told the same: that is joined once for all of them.
   *
   * @param parts left as they are from now on
   */
  join(parts: readonly Buffer[]): Buffer {
    const [first] = parts;
    if (first !== undefined && parts.length === 1) return first;
    if (!areSame(parts, this.joinedParts)) {
      this.joined = Buffer.concat(parts);
      this.joinedParts = parts;
    }
    return this.joined;
  }
}

function areSame(some: readonly Buffer[], others: readonly Buffer[]): boolean {
  if (some.length !== others.length) return false;
  for (let at = 0; at < some.length; at++) if (some[at] !== others[at]) return false;
  return true;
}
