import { LetterlockError } from './errors.ts';
import { retryDelay } from './retry.ts';

/** The end of a user's stream that an event tells of; null for any other event. */
export function keptOutBy(event: Record<string, unknown>): LetterlockError | null {
  const { kind, reason, until } = event;
  if (kind !== 'kicked' && kind !== 'banned') return null;
  return new LetterlockError(kind, {
    sealed: true,
    ...(typeof reason === 'string' ? { detail: reason, reason } : {}),
    ...(typeof until === 'string' ? { until } : {}),
  });
}

/** Whether no later attempt will do better than this one. */
export function isPermanent(error: unknown): boolean {
  if (!(error instanceof LetterlockError)) return true;
  switch (error.code) {
    case 'identity_changed':
    case 'signature_wrong':
    case 'platform_unsupported':
      return true;
    case 'session_unknown':
      // Without a status it is the client's own word: the user cannot be logged in again.
      return error.status === null;
    case 'kicked':
    case 'banned':
      // Whose address is kept out has no session that it could be said under.
      return true;
    case 'internal':
      return false;
    default:
      return error.sealed && retryDelay(error) === null;
  }
}

/** Where somebody is out because they may not come in, that is what is to be said. */
export function keptOutCause(error: unknown): unknown {
  const cause = error instanceof LetterlockError ? error.cause : null;
  return cause instanceof LetterlockError && (cause.code === 'kicked' || cause.code === 'banned')
    ? cause
    : error;
}
