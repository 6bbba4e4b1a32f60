import type { ProvenAccount } from '../../core/accounts/login-mark.ts';
import { passwordSecret } from '../../core/accounts/secret.ts';
import { Refusal } from '../../core/errors.ts';
import type { GatewayParts } from '../gateway-parts.ts';
import { GatewayUser } from '../gateway-user.ts';
import { type ChateauEvent, chateauForm } from './event-form.ts';
import type { ChateauSession } from './session.ts';

/** Somebody who has registered. */
export interface Entrant {
  readonly user: GatewayUser<ChateauEvent>;
  readonly isGuest: boolean;
}

/** What a RegisterRequest brings. */
export interface Registration {
  readonly username: string;
  readonly password: string;
  readonly auth: boolean;
}

/**
 * Lets somebody in, and attaches the connection to what they are told.
 *
 * @throws Refusal of whoever is not let in
 */
export async function enter(session: ChateauSession, registration: Registration): Promise<void> {
  const { parts, peer } = session;
  const { core } = parts;
  core.bans.refuseAddress(peer.address);
  const proven = await identify(parts, peer.address, registration);
  const { account } = proven;
  const user = new GatewayUser<ChateauEvent>({
    userId: account.id,
    username: account.username,
    address: peer.address,
    way: 'chateau',
    form: chateauForm,
    onEvent: (event) => session.onEvent(event),
    onEnd: (reason) => session.end(reason === 'kept out'),
  });
  const entrant = { user, isGuest: account.role === 'guest' };
  try {
    if (!session.isClosed) await core.takeIn(user, proven);
  } catch (error) {
    await leave(parts, entrant);
    throw error;
  }
  if (session.isClosed) await leave(parts, entrant);
  else session.admit(entrant);
}

/** Lets go of somebody whose connection is gone; a guest's name is free again. */
export async function leave({ core, logger }: GatewayParts, { user, isGuest }: Entrant): Promise<void> {
  core.hub.detach(user);
  if (!isGuest) return;
  try {
    await core.guests.leave(user.userId);
  } catch (error) {
    logger.error("a guest's name could not be given back", { error });
  }
}

async function identify(
  { core, guests }: GatewayParts,
  address: string,
  { username, password, auth }: Registration,
): Promise<ProvenAccount> {
  if (auth) return core.loginThroughDirectory(address, username, password);
  if (guests) {
    try {
      return await core.guests.enter(username, address);
    } catch (error) {
      if (!(error instanceof Refusal && error.code === 'username_taken')) throw error;
    }
  }
  // Where there are no guests, a free name gets the answer that a taken one gets.
  return core.authenticate(address, { username }, passwordSecret(password));
}
