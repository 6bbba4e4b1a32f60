import { foldName } from '../../core/names/username.ts';
import type { GatewayUser } from '../gateway-user.ts';
import { type Told, shownName } from './event-form.ts';
import { maxNameUnits } from './requests.ts';

/** Who a conversation is with, once they are in. */
export interface Member {
  readonly user: GatewayUser<Told>;
  /** The id of the room everyone is in. */
  readonly roomId: string;
}

/** Whether it is a spelling of the member's own name. */
export function isNameOf({ user }: Member, given: string): boolean {
  return given.length <= maxNameUnits && foldName(given) === foldName(shownName(user.username));
}
