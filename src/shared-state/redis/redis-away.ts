import { Refusal } from '../../core/errors.ts';

/** Redis cannot be asked now, or did not answer in time: whether it did what it was asked is not known. */
export class RedisAway extends Refusal {
  constructor(cause?: unknown) {
    super('busy', { retryAfter: 2 }, cause);
    this.name = 'RedisAway';
  }
}
