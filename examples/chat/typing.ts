import type { LetterlockClient } from './sdk.ts';

/** Saying so more often tells nobody anything new. */
const sayAgainMilliseconds = 3_000;

/** Tells the room that somebody writes, and that they stopped. */
export class TypingNotice {
  private readonly client: LetterlockClient;
  private told: { room: string; at: number } | null = null;

  constructor(client: LetterlockClient) {
    this.client = client;
  }

  /** The line that is being written has changed. */
  changed(room: string | null, line: string): void {
    const isTyping = room !== null && line !== '' && !line.startsWith('/');
    const now = Date.now();
    if (isTyping) {
      if (this.told?.room === room && now - this.told.at < sayAgainMilliseconds) return;
      this.told = { room, at: now };
      this.say(room, true);
    } else if (this.told !== null) {
      const { room: before } = this.told;
      this.told = null;
      this.say(before, false);
    }
  }

  /** What was written is sent, which says more. */
  sent(): void {
    this.told = null;
  }

  private say(room: string, typing: boolean): void {
    // A sign that is lost is not worth a word.
    this.client.messages.setTyping({ room, typing }).catch(() => {});
  }
}

/** Who is writing in the room on the screen. */
export class Writers {
  private readonly names = new Set<string>();

  set(username: string, typing: boolean): void {
    if (typing) this.names.add(username);
    else this.names.delete(username);
  }

  clear(): void {
    this.names.clear();
  }

  /** In words; empty when nobody is. */
  get words(): string {
    const names = [...this.names];
    if (names.length > 3) return `${names.length} people are writing`;
    if (names.length === 0) return '';
    return `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} writing`;
  }
}
