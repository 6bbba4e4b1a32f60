import type { Account } from '../../core/accounts/account.ts';
import type { ProvenAccount } from '../../core/accounts/login-mark.ts';
import { deletedUser, nameOfOther } from '../../core/live/events.ts';
import { Refusal } from '../../core/errors.ts';
import type { RoomView } from '../../core/rooms/listings.ts';
import type { GatewayParts } from '../gateway-parts.ts';
import { GatewayUser } from '../gateway-user.ts';
import type { Peer } from '../socket/peer.ts';
import { CatchUp, type Unread, unreadOf } from './catch-up.ts';
import { enteredObject, publicObjects } from './objects.ts';
import { ReadMarks } from './read-marks.ts';
import { RoomNames, nameRooms } from './room-names.ts';
import type { Entry } from './sign-in.ts';
import { type Told, roomsForm } from './wire-form.ts';

/** Events that may wait while a command is under way: far more than come in the time that one takes. */
const mostHeld = 10_000;

/** One user on one connection, from signing in to leaving: what happens elsewhere is told here. */
export class Stay {
  readonly user: GatewayUser<Told>;
  readonly names = new RoomNames();
  private readonly peer: Peer;
  private readonly parts: GatewayParts;
  private readonly catchUp: CatchUp;
  private readonly marks: ReadMarks;
  /** By room: the number of the newest message that was shown. */
  private readonly shown = new Map<string, number>();
  private unread: readonly Unread[] = [];
  /** By room: with whom the user is in private rooms that the client does not know yet. */
  private readonly unnamed = new Map<string, string>();
  /** What happens while a command is under way is told after its answer. */
  private held: Told[] | null = [];

  private constructor({ peer, parts, end }: Entry, account: Account) {
    this.peer = peer;
    this.parts = parts;
    this.user = new GatewayUser<Told>({
      userId: account.id,
      username: account.username,
      address: peer.address,
      way: 'rooms',
      form: roomsForm,
      onEvent: (told) => this.tell(told),
      onEnd: end,
    });
    const whenSent = () => peer.whenSent();
    this.catchUp = new CatchUp({
      read: (roomId, afterSeq, limit) => this.readMessages(roomId, afterSeq, limit),
      show: ({ roomId, seq, sender, text }) => {
        if (text !== null) this.show(roomId, seq, this.objectsOf(roomId, sender ?? deletedUser, text));
      },
      whenSent,
      timers: parts.timers,
      onFault: (error) => parts.logger.error('what was said could not be shown', { error }),
    });
    this.marks = new ReadMarks({
      timers: parts.timers,
      whenSent,
      write: (roomId, seq) => this.markRead(roomId, seq),
    });
  }

  /**
   * Lets the user in. From when it is fulfilled nothing is missed; nothing is told before `release`.
   *
   * @throws Refusal as `takeIn`
   */
  static async begin(entry: Entry, proven: ProvenAccount): Promise<{ stay: Stay; rooms: string[] }> {
    const { parts } = entry;
    const { account } = proven;
    const stay = new Stay(entry, account);
    await parts.core.takeIn(stay.user, proven);
    try {
      const { rooms } = await parts.core.listRooms(stay.user);
      const own = rooms.filter(({ state }: RoomView) => state === 'member');
      stay.unread = unreadOf(own);
      stay.catchUp.add(stay.unread);
      return { stay, rooms: await nameRooms(stay.names, parts.read, account.username, own) };
    } catch (error) {
      parts.core.hub.detach(stay.user);
      throw error;
    }
  }

  /** Tells nothing until `release`. */
  hold(): void {
    this.held ??= [];
  }

  /** Tells what has happened meanwhile; the first time, begins to show what was said before the user came. */
  release(): void {
    const held = this.held ?? [];
    this.held = null;
    for (const told of held) this.tell(told);
    const { unread } = this;
    this.unread = [];
    if (unread.length > 0) void this.catchUp.run(unread);
  }

  /** Ends it, once the connection has ended or somebody else has signed in there. Fulfilled when all is written down. */
  async leave(): Promise<void> {
    this.parts.core.hub.detach(this.user);
    this.catchUp.stop();
    await this.marks.close();
  }

  private tell(told: Told): void {
    if (told.kind === 'word') {
      for (const object of told.objects) this.peer.send(object);
    } else if (this.held !== null) {
      this.held.push(told);
      if (this.held.length > mostHeld) this.peer.destroy();
    } else if (told.kind === 'notice') {
      for (const object of told.objects) this.peer.send(object);
    } else if (told.kind === 'message') {
      this.tellMessage(told);
    } else if (!told.isMember) {
      this.names.remove(told.roomId);
    } else if (this.names.nameOf(told.roomId) === null) {
      this.peer.send(enteredObject(this.names.add(told.roomId, told.roomName)));
    }
  }

  private tellMessage(told: Told & { kind: 'message' }): void {
    const { roomId, roomName, pair, seq, sender, text, objects } = told;
    if (this.catchUp.defers(roomId, seq) || seq <= (this.shown.get(roomId) ?? 0)) return;
    const name = this.names.nameOf(roomId);
    if (name === null && pair !== null) {
      this.enterPrivate(roomId, nameOfOther(pair, this.user.userId) ?? '', seq);
    } else if (name === null || name === roomName) {
      this.show(roomId, seq, objects);
    } else {
      this.show(roomId, seq, publicObjects(name, sender, text));
    }
  }

  /** Somebody spoke in a private room for the first time. */
  private enterPrivate(roomId: string, other: string, seq: number): void {
    const unread = [{ roomId, after: seq - 1, upTo: seq }];
    this.unnamed.set(roomId, other);
    this.catchUp.add(unread);
    void this.catchUp.run(unread);
  }

  private async namePrivate(roomId: string): Promise<void> {
    const other = this.unnamed.get(roomId);
    if (other === undefined) return;
    const name = await this.names.addPrivate(this.parts.read, roomId, this.user.username, other);
    this.unnamed.delete(roomId);
    this.peer.send(enteredObject(name));
  }

  private show(roomId: string, seq: number, objects: readonly Buffer[]): void {
    for (const object of objects) this.peer.send(object);
    this.shown.set(roomId, seq);
    this.marks.note(roomId, seq);
  }

  private objectsOf(roomId: string, sender: string, text: string): Buffer[] {
    return publicObjects(this.names.nameOf(roomId) ?? '', sender, text);
  }

  private async readMessages(roomId: string, afterSeq: number, limit: number) {
    await this.namePrivate(roomId);
    const place = { room: roomId };
    const query = { place, afterSeq, beforeSeq: null, afterRevision: null, limit };
    return (await this.parts.core.listMessages(this.user, query)).messages;
  }

  private async markRead(roomId: string, seq: number): Promise<void> {
    // A mark that is not made makes a message come twice: no reason to bother anybody.
    await this.parts.core.markRead(this.user, { room: roomId, seq }).catch((error: unknown) => {
      if (!(error instanceof Refusal)) this.parts.logger.error('what was read was not noted', { error });
    });
  }
}
