import { type LetterlockClient, LetterlockError, type Message } from './sdk.ts';
import type { Piece, Screen } from './screen.ts';

/** Messages shown at once. */
const pageLength = 20;

/** The room that is on the screen. */
export class Conversation {
  readonly room: string;
  readonly title: string;
  private readonly client: LetterlockClient;
  private readonly screen: Screen;
  private readonly username: string;
  private oldest = 0;
  private newest = 0;
  /** The user's own newest. */
  private ownNewest = 0;
  /** What came before the first page was there. */
  private meanwhile: Message[] | null = [];
  private mark: { wanted: number; done: number; isRunning: boolean } = {
    wanted: 0,
    done: 0,
    isRunning: false,
  };

  constructor(
    place: { room: string; title: string },
    context: { client: LetterlockClient; screen: Screen; username: string },
  ) {
    this.room = place.room;
    this.title = place.title;
    this.client = context.client;
    this.screen = context.screen;
    this.username = context.username;
  }

  /** Shows the newest messages. */
  async open(): Promise<void> {
    const page = await this.client.messages.list({ room: this.room, limit: pageLength });
    this.screen.line({ bold: `── ${this.title} ──` });
    if (page.has_more) this.screen.line({ dim: 'older messages: /history' });
    this.showPage(page.messages);
    const { meanwhile } = this;
    this.meanwhile = null;
    for (const message of meanwhile ?? []) this.show(message);
  }

  /** Shows the messages before the oldest one on the screen. */
  async showOlder(): Promise<void> {
    if (this.oldest <= 1) return this.screen.line({ dim: 'this is where it begins' });
    const page = await this.client.messages.list({
      room: this.room,
      beforeSeq: this.oldest,
      limit: pageLength,
    });
    if (page.messages.length === 0) return this.screen.line({ dim: 'this is where it begins' });
    this.showPage(page.messages);
    this.screen.line({ dim: page.has_more ? '── more: /history ──' : '── from the beginning ──' });
  }

  /** Shows a message or an edition of one, unless it is on the screen already. */
  show(message: Message): void {
    if (this.meanwhile !== null) {
      this.meanwhile.push(message);
      return;
    }
    if (message.revision > 0 && message.seq <= this.newest) {
      if (message.seq >= this.oldest) this.screen.line(...this.edition(message));
      return;
    }
    if (message.seq <= this.newest) return;
    this.newest = message.seq;
    if (this.oldest === 0) this.oldest = message.seq;
    this.screen.line(...this.piecesOf(message));
    this.markRead();
  }

  /** Whether the last message on the screen is this one, and this user's own. */
  isLastOwn(seq: number): boolean {
    return seq === this.newest && seq === this.ownNewest;
  }

  private showPage(messages: readonly Message[]): void {
    for (const message of messages) this.screen.line(...this.piecesOf(message));
    const [first] = messages;
    const last = messages.at(-1);
    if (first !== undefined && (this.oldest === 0 || first.seq < this.oldest)) this.oldest = first.seq;
    if (last !== undefined && last.seq > this.newest) {
      this.newest = last.seq;
      this.markRead();
    }
  }

  private piecesOf(message: Message): Piece[] {
    if (message.from === this.username) this.ownNewest = Math.max(this.ownNewest, message.seq);
    const head: Piece[] = [{ dim: `${timeOf(message.at)} #${message.seq} ` }, { bold: message.from }, ' '];
    if (message.message === null) return [...head, { dim: '(deleted)' }];
    return [...head, message.message, ...(message.edited_at === null ? [] : [{ dim: ' (edited)' }])];
  }

  private edition(message: Message): Piece[] {
    const { from, seq, message: text } = message;
    return text === null
      ? [{ dim: `#${seq} of ${from} is deleted` }]
      : [{ dim: `#${seq} of ${from} is now: ` }, text];
  }

  /** Tells the server how far the user has read: the newest number, whenever the one before is told. */
  private markRead(): void {
    this.mark.wanted = this.newest;
    if (!this.mark.isRunning) void this.tellMark();
  }

  private async tellMark(): Promise<void> {
    this.mark.isRunning = true;
    try {
      while (this.mark.done < this.mark.wanted) {
        const seq = this.mark.wanted;
        await this.client.messages.markRead({ room: this.room, seq });
        this.mark.done = seq;
      }
    } catch (error) {
      // The next message brings the next mark.
      if (!(error instanceof LetterlockError)) throw error;
    } finally {
      this.mark.isRunning = false;
    }
  }
}

/** The time of day; with the date, where it was not today. */
function timeOf(at: string): string {
  const date = new Date(at);
  const time = date.toTimeString().slice(0, 5);
  return date.toDateString() === new Date().toDateString() ? time : `${at.slice(0, 10)} ${time}`;
}
