import type { Clock } from '../clock.ts';
import { Refusal } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { ReplayGuard } from './replay-guard.ts';
import { type SessionKey, type SharedState, idleMilliseconds, maxSeals } from './session.ts';
import { type SessionRefresh, knowledgeMilliseconds } from './session-refresh.ts';
import type { SessionRegistry } from './session-registry.ts';
import type { SharedSessions } from './shared-sessions.ts';

/** Seals that a stream of events counts at once. */
const sealsAtOnce = 512;
/**
 * Seals that may be made before they are counted: while the count is on its way, or cannot be asked for. What a node
 * owes when it dies is never counted; of a key's 2^20 that is little.
 */
const sealsOwedAtMost = 4_096;

/** Replay windows that all nodes share: each number is tested and marked where all of them look, in one round trip. */
export class SharedReplayGuard implements ReplayGuard {
  private readonly shared: SharedSessions;
  private readonly registry: SessionRegistry;
  private readonly refresh: SessionRefresh;
  private readonly clock: Clock;
  private readonly idle: number;
  private readonly logger: Logger;

  constructor(options: {
    shared: SharedSessions;
    registry: SessionRegistry;
    refresh: SessionRefresh;
    clock: Clock;
    idle: number;
    logger: Logger;
  }) {
    this.shared = options.shared;
    this.registry = options.registry;
    this.refresh = options.refresh;
    this.clock = options.clock;
    this.idle = options.idle;
    this.logger = options.logger;
  }

  async accept(key: SessionKey, seq: number): Promise<boolean> {
    if (!Number.isSafeInteger(seq) || seq < 1) return false;
    const state = stateOf(key);
    const owed = Math.max(0, -state.sealsAhead);
    state.sealsAhead += owed;
    const acceptance = await this.shared
      .accept(key.id, seq, { seals: owed + 1, idle: idleMilliseconds(key.session, this.idle) })
      .catch((error: unknown) => {
        state.sealsAhead -= owed;
        throw error;
      });
    if (acceptance.kind === 'void') {
      this.registry.forget(key);
      throw new Refusal('session_unknown');
    }
    state.sealsAhead += 1;
    state.highest = Math.max(state.highest, acceptance.highest);
    key.seals = Math.max(key.seals, acceptance.seals);
    const isOld = this.clock.now() - state.knownAt >= knowledgeMilliseconds;
    if (isOld || acceptance.version !== state.version) await this.refresh.refresh(key, acceptance.version);
    return acceptance.kind === 'accepted';
  }

  countSeal(key: SessionKey): boolean {
    const state = stateOf(key);
    if (key.seals >= maxSeals || state.sealsAhead <= -sealsOwedAtMost) return false;
    state.sealsAhead -= 1;
    // The answers to requests are counted with them; who runs ahead of that is a stream.
    if (state.sealsAhead < 0) this.countAhead(key, state);
    return true;
  }

  nextSeq(key: SessionKey): number {
    return Math.min(stateOf(key).highest + 1, Number.MAX_SAFE_INTEGER);
  }

  /** Nothing to do: keys that nodes share are stored as if all their numbers were used. */
  async cover(): Promise<void> {}

  private countAhead(key: SessionKey, state: SharedState): void {
    if (state.isCounting) return;
    state.isCounting = true;
    const seals = sealsAtOnce - state.sealsAhead;
    this.shared
      .countSeals(key.id, { seals, idle: idleMilliseconds(key.session, this.idle) })
      .then((counted) => {
        if (counted) state.sealsAhead += seals;
        else this.registry.forget(key);
      })
      .catch((error: unknown) => {
        if (!(error instanceof Refusal)) this.logger.warn('counting seals failed', { error });
      })
      .finally(() => {
        state.isCounting = false;
      });
  }
}

function stateOf(key: SessionKey): SharedState {
  if (key.shared === null) throw new Error('a key that nodes share says what is known of it');
  return key.shared;
}
