import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { accountOf } from '../accounts/account.ts';
import { forgetBlocks } from '../accounts/count-guess.ts';
import type { Passwords } from '../accounts/passwords.ts';
import type { ProfileCache } from '../accounts/profile-cache.ts';
import { passwordSecret } from '../accounts/secret.ts';
import type { Clock } from '../clock.ts';
import { Refusal, invalidField } from '../errors.ts';
import type { GuessBlocks } from '../limits/guess-blocks.ts';
import type { Hub } from '../live/hub.ts';
import type { WakeMail } from '../mail/mail-delivery.ts';
import { checkNewPassword } from '../names/password-rules.ts';
import { type RandomBytes, newId } from '../random.ts';
import { accountGuesses } from '../recovery/finish-recovery.ts';
import type { SessionRegistry } from '../sessions/session-registry.ts';
import type { Store } from '../store.ts';
import type { Transactions } from '../transactions.ts';
import { hashToken } from './link.ts';
import { lookAtLink } from './look-at-link.ts';

/**
 * Sets a new password by a link from a mail. Every session and connection of the user ends, and failed guesses are
 * forgotten.
 *
 * @throws Refusal `code_expired` when the link is good no more, `invalid_input` for `password`, `busy`
 */
export function resetByLink(dependencies: {
  store: Store<Transactions>;
  keys: AtRestKeys;
  passwords: Passwords;
  registry: SessionRegistry;
  profiles: ProfileCache;
  hub: Hub;
  random: RandomBytes;
  clock: Clock;
  wakeMail: WakeMail;
  guessBlocks: GuessBlocks;
}) {
  const { store, keys, passwords, registry, profiles, hub, random, clock, wakeMail, guessBlocks } =
    dependencies;
  const look = lookAtLink({ read: store.read, keys, clock });
  return async (token: string, newPassword: string): Promise<void> => {
    const link = await look('reset', token);
    if (link.state !== 'good') throw new Refusal('code_expired');
    const user = await store.read.users.byId(link.userId);
    if (user === null || user.deletedAt !== null) throw new Refusal('code_expired');
    const weakness = await checkNewPassword(newPassword, accountOf(user));
    if (weakness !== null) throw invalidField('password', weakness);
    const { salt, verifier } = await passwords.store(passwordSecret(newPassword));
    const guesses = accountGuesses(keys, user);
    await store.transact('resetByLink', {
      now: clock.now(),
      tokenHash: hashToken(keys, 'reset', token),
      salt,
      newVerifier: verifier,
      mailId: newId(random),
      guesses,
    });
    await forgetBlocks(guessBlocks, guesses);
    await registry.endOfUser(user.id);
    hub.endKeyless(user.id);
    profiles.forget(user.id);
    wakeMail();
  };
}
