/** Tells that the list of registered names is another one: an account was made, renamed or deleted. */
export class NameChanges {
  private readonly listeners = new Set<() => void>();
  private readonly tellNodes: () => void;

  /** @param tellNodes tells the other nodes, where there are any */
  constructor(tellNodes: () => void = () => {}) {
    this.tellNodes = tellNodes;
  }

  /** Calls back at each change, until the function it returns is called. The callback never throws, never waits. */
  watch(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Whoever commits such a change says so. */
  note(): void {
    this.noteHere();
    this.tellNodes();
  }

  /** The same for a change that another node has committed. */
  noteHere(): void {
    for (const listener of this.listeners) listener();
  }
}
