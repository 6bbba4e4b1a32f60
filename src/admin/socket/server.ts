import { type Socket, createServer } from 'node:net';
import type { Logger } from '../../core/logger.ts';
import type { Timers } from '../../core/clock.ts';
import { type Outcome, failed, wrong } from '../report.ts';
import type { RunLine } from '../runner.ts';
import { wordOf } from '../words.ts';
import { LineTooLong, linesOf } from './lines.ts';
import { listenOn } from './place.ts';
import { maxRequestBytes, readRequest, writeLine } from './protocol.ts';

export interface AdminSocketOptions {
  /** The socket's file. */
  readonly file: string;
  readonly run: RunLine;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Connections at once; those beyond are closed at once. Default 32 */
  readonly maxConnections?: number;
  /** How long a line may take to arrive, milliseconds. Default 10,000 */
  readonly requestMilliseconds?: number;
  /** How long the other side may take to read what came of it, milliseconds. Default 30,000 */
  readonly answerMilliseconds?: number;
}

/** The socket, listening. */
export interface AdminSocket {
  /** Takes no more commands, lets those under way end and answer, and removes the file. */
  stop(): Promise<void>;
}

/**
 * Opens the socket through which the console's commands come from other processes of the server's owner.
 *
 * @throws AdminSocketError
 */
export async function openAdminSocket(options: AdminSocketOptions): Promise<AdminSocket> {
  const { logger } = options;
  const conversations = new Map<Socket, Conversation>();
  // Who has said all they want to say is still to be answered.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', (error) => logger.debug('a connection of the console broke', { error }));
    const conversation = new Conversation(socket, options);
    conversations.set(socket, conversation);
    socket.once('close', () => conversations.delete(socket));
    conversation.hold().catch((error: unknown) => {
      logger.error('the console could not answer', { error });
      socket.destroy();
    });
  });
  server.maxConnections = options.maxConnections ?? 32;
  await listenOn(server, options.file);
  server.on('error', (error) => logger.error("the console's socket failed", { error }));
  return {
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const conversation of conversations.values()) conversation.finish();
      await closed;
    },
  };
}

/** One connection: commands and what came of them, one after the other. */
class Conversation {
  private readonly socket: Socket;
  private readonly options: AdminSocketOptions;
  private cancelDeadline: () => void = () => {};
  private isRunning = false;
  private isFinishing = false;

  constructor(socket: Socket, options: AdminSocketOptions) {
    this.socket = socket;
    this.options = options;
  }

  /** Answers until the other side ends, is too slow, or the server stops. */
  async hold(): Promise<void> {
    const { requestMilliseconds = 10_000, answerMilliseconds = 30_000 } = this.options;
    this.allow(requestMilliseconds);
    try {
      for await (const line of linesOf(this.socket, maxRequestBytes)) {
        this.cancelDeadline();
        this.isRunning = true;
        const outcome = await this.answer(line);
        this.allow(answerMilliseconds);
        await this.write(outcome);
        this.isRunning = false;
        if (this.isFinishing) break;
        this.allow(requestMilliseconds);
      }
    } catch (error) {
      if (error instanceof LineTooLong) await this.write(wrong('That line is too long.', 'help'));
      else if (!isBroken(error)) throw error;
    }
    this.allow(answerMilliseconds);
    this.socket.once('close', () => this.cancelDeadline());
    this.socket.end(() => this.socket.destroy());
  }

  /** Ends as soon as nothing is under way. */
  finish(): void {
    this.isFinishing = true;
    if (!this.isRunning) this.socket.destroy();
  }

  private async answer(line: string): Promise<Outcome> {
    if (this.isFinishing) return failed('busy', 'The server stops.');
    const request = readRequest(line);
    if (request === null) return wrong('That is no request of the console.', 'letterlock admin help');
    return this.options.run(request.words.map(wordOf), request);
  }

  /** Fulfilled when the other side has taken it, or is gone. */
  private async write(outcome: Outcome): Promise<void> {
    await new Promise<void>((resolve) => {
      this.socket.once('close', resolve);
      this.socket.write(writeLine(outcome), () => {
        this.socket.off('close', resolve);
        resolve();
      });
    });
  }

  private allow(milliseconds: number): void {
    this.cancelDeadline();
    this.cancelDeadline = this.options.timers.setTimeout(() => this.socket.destroy(), milliseconds);
  }
}

/** Whether the other side went away, or was cut off for being slow. */
function isBroken(error: unknown): boolean {
  return error instanceof Error && 'code' in error;
}
