import { BackOff } from './back-off.ts';
import { CatchUp } from './catch-up.ts';
import { LetterlockError } from './errors.ts';
import type { EventStream } from './event-stream.ts';
import type {
  ClientEvent,
  EventOptions,
  Message,
  MessagePage,
  MessageQuery,
  Room,
  ServerEvent,
} from './messaging-types.ts';
import { isPermanent, keptOutBy, keptOutCause } from './stream-failures.ts';
import type { Login } from './session.ts';
import type { Transport } from './transport.ts';

/** Two heartbeats of the server may be lost. */
const defaultSilenceMilliseconds = 60_000;

/**
 * Everything that happens in the user's rooms, for as long as it is iterated: over broken connections, ended session
 * keys and restarts of the server. See `LetterlockClient.events`.
 */
export function followEvents(
  transport: Transport,
  options: EventOptions,
): AsyncIterableIterator<ClientEvent, undefined> {
  const stop = new AbortController();
  const events = follow(transport, options, stop);
  return {
    next: () => events.next(),
    return: async () => {
      // Somebody may still wait for the next event: the generator alone would let them wait for it.
      stop.abort(noLongerWanted);
      return events.return(undefined);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

const noLongerWanted = Symbol('nobody wants more events');

async function* follow(
  transport: Transport,
  options: EventOptions,
  stop: AbortController,
): AsyncGenerator<ClientEvent, undefined> {
  const { signal } = options;
  const giveUp = (): void => stop.abort(signal?.reason);
  if (signal?.aborted) giveUp();
  signal?.addEventListener('abort', giveUp);
  try {
    yield* new Follower(transport, options, stop.signal).run();
  } catch (error) {
    if (error === noLongerWanted) return undefined;
    throw error;
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

/** One iteration over the events of a user. */
class Follower {
  private readonly transport: Transport;
  private readonly options: EventOptions;
  private readonly signal: AbortSignal;
  private readonly backOff: BackOff;
  private readonly catchUp: CatchUp;
  /** Whose events these are, once that is known: nobody else's are ever handed out. */
  private user: Login | null = null;
  private told: 'connected' | 'disconnected' | null = null;

  constructor(transport: Transport, options: EventOptions, signal: AbortSignal) {
    this.transport = transport;
    this.options = options;
    this.signal = signal;
    this.backOff = new BackOff(transport.platform);
    this.catchUp = new CatchUp({
      list: (query) => this.list(query),
      since: options.since ?? {},
      isWanted: roomFilter(options.rooms),
    });
  }

  async *run(): AsyncGenerator<ClientEvent, never> {
    for (;;) {
      const failure: { error: unknown; wasConnected: boolean } = { error: null, wasConnected: false };
      try {
        for await (const event of this.oneStream()) {
          if (event.kind === 'connected') failure.wasConnected = true;
          yield event;
        }
      } catch (error) {
        this.signal.throwIfAborted();
        if (isPermanent(error)) throw keptOutCause(error);
        failure.error = error;
      }
      const { error, wasConnected } = failure;
      if (!wasConnected && this.told !== 'disconnected' && error instanceof LetterlockError) {
        this.told = 'disconnected';
        yield { kind: 'disconnected', error };
      }
      await this.backOff.pause(error, this.signal);
    }
  }

  /** Opens a stream, hands out what was missed, then what comes, until the server ends it. @throws when it breaks */
  private async *oneStream(): AsyncGenerator<ClientEvent> {
    const { signal } = this;
    const stream = await this.open();
    // At once, though whoever gave up may never ask for the next event.
    const close = (): void => stream.close();
    signal.addEventListener('abort', close);
    try {
      this.backOff.opened();
      // Asked for only now: whatever is not in the answer comes through the stream.
      const rooms = await this.rooms();
      yield* this.catchUp.afterOpening(rooms);
      this.told = 'connected';
      yield { kind: 'connected', rooms };
      const silence = this.options.silenceMilliseconds ?? defaultSilenceMilliseconds;
      for (;;) {
        const event = await stream.next(silence, signal);
        if (event === null) {
          this.backOff.ended(stream.returnAfter);
          return;
        }
        const keptOut = keptOutBy(event);
        if (keptOut !== null) throw keptOut;
        if (isMessage(event)) yield* this.catchUp.take(event);
        else yield event as unknown as ServerEvent;
      }
    } finally {
      signal.removeEventListener('abort', close);
      stream.close();
    }
  }

  private async open(): Promise<EventStream> {
    const { rooms } = this.options;
    const fields = rooms === undefined ? {} : { rooms };
    const opened = await this.transport.openEvents(
      { path: '/events', fields, signal: this.signal },
      this.user,
    );
    this.user ??= opened.user;
    return opened.stream;
  }

  private async rooms(): Promise<readonly Room[]> {
    return ((await this.ask('/list_rooms', {})) as { rooms: Room[] }).rooms;
  }

  private async list({ afterSeq, afterRevision, ...fields }: MessageQuery): Promise<MessagePage> {
    const after = afterRevision === undefined ? { after_seq: afterSeq } : { after_revision: afterRevision };
    return (await this.ask('/list_messages', { ...fields, ...after })) as MessagePage;
  }

  private async ask(path: string, fields: object): Promise<unknown> {
    return this.transport.sendAs(this.user, { path, fields, signal: this.signal });
  }
}

function isMessage(event: Record<string, unknown>): event is Record<string, unknown> & Message {
  const { kind, room, seq, revision } = event;
  return (
    kind === 'message' &&
    typeof room === 'string' &&
    Number.isSafeInteger(seq) &&
    Number.isSafeInteger(revision)
  );
}

/** Which rooms the caller asked for, by id or by name. */
function roomFilter(rooms: readonly string[] | undefined): (room: Room) => boolean {
  if (rooms === undefined) return () => true;
  const asked = new Set(rooms.map(fold));
  return ({ id, name }) => asked.has(fold(id)) || (name !== null && asked.has(fold(name)));
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}
