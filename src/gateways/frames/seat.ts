import { setImmediate as nextTurn } from 'node:timers/promises';
import { Refusal } from '../../core/errors.ts';
import type { Addressee } from '../../core/rooms/message-operations.ts';
import type { GatewayParts } from '../gateway-parts.ts';
import { GatewayUser } from '../gateway-user.ts';
import type { Peer } from '../socket/peer.ts';
import { encodeFrame } from './codec.ts';
import type { Directory, DirectoryReader } from './directory.ts';
import { type ShownEvent, eventForm } from './event-form.ts';
import { type Histories, HistoryView } from './histories.ts';
import type { HistoryViewer } from './history-window.ts';
import { ReadMarks } from './read-marks.ts';
import { type Place, addresseeAt, findAgain, findPlace } from './receiver.ts';
import { farewell } from './texts.ts';
import { roomNames, userList } from './user-list.ts';

/** What all connections of the gateway share. */
export interface FramesParts extends GatewayParts {
  readonly directory: Directory;
  readonly histories: Histories;
  /** Whether links can be mailed: there is a page that they lead to. */
  readonly sendsLinks: boolean;
}

/** Between two lists to one client that are not asked for by a change of names, at least. */
const listPause = 250;
/** The same for lists that are cut, which change with everyone who comes or goes. */
const cutListPause = 5_000;
/** A list waits while a client has more than this to take yet. */
const maxUnsentBytes = 256 * 1024;

/** Somebody who is logged in: shows them who is there, and the conversation they look at. */
export class Seat implements HistoryViewer, DirectoryReader {
  readonly user: GatewayUser<ShownEvent>;
  private readonly parts: FramesParts;
  private readonly peer: Peer;
  private readonly marks: ReadMarks;
  private look: { readonly receiver: string; readonly place: Place; readonly view: HistoryView } | null =
    null;
  private rooms: readonly string[] | null = null;
  private lastList = '';
  private isListCut = false;
  private listing: Promise<void> | null = null;
  private isListWanted = false;
  private cancelList: (() => void) | null = null;
  private isOver = false;

  constructor(
    parts: FramesParts,
    peer: Peer,
    account: { readonly id: string; readonly username: string },
    onEnd: () => void,
  ) {
    this.parts = parts;
    this.peer = peer;
    this.user = new GatewayUser({
      userId: account.id,
      username: account.username,
      address: peer.address,
      way: 'frames',
      form: eventForm,
      onEvent: (event) => this.take(event),
      onEnd: (reason) => {
        // Of the other reasons the client was told by an event.
        if (reason === 'logged out') this.peer.send(encodeFrame('DIS', { msg: 'You were logged out' }));
        onEnd();
      },
    });
    this.marks = new ReadMarks(parts, this.user);
  }

  get unsentBytes(): number {
    return this.peer.unsentBytes;
  }

  /** Sends the list of users, and again whenever it changes. */
  async openList(): Promise<void> {
    this.parts.directory.join(this);
    await this.list();
  }

  /** Shows a conversation from now on; none where the name is null. @throws Refusal `user_unknown`, `invalid_input` */
  async lookAt(receiver: string | null): Promise<void> {
    const { read, histories } = this.parts;
    this.lookAway();
    if (receiver === null) return;
    const place = await findPlace(read, this.user.userId, receiver);
    const view = new HistoryView(place, this);
    this.look = { receiver, place, view };
    try {
      await histories.open(this.user, place, view, this);
    } catch (error) {
      if (this.look?.view === view) this.look = null;
      throw error;
    }
    if (this.isOver || this.look?.view !== view) histories.close(place, view);
    else this.marks.settle();
  }

  /** Sends a message. @throws Refusal `user_unknown`, `invalid_input`, `rate_limited` */
  async say(receiver: string, text: string): Promise<void> {
    await this.parts.core.sendMessage(this.user, await this.addresseeOf(receiver), text);
  }

  showHistory(frame: Buffer, lastSeq: number): void {
    this.peer.send(frame);
    const roomId = this.look?.view.roomId ?? null;
    if (roomId !== null) this.marks.shown(roomId, lastSeq);
  }

  /** What is said after somebody's removal may be here before the word of it that is for them. */
  staysLooking(): boolean {
    const { look } = this;
    if (look?.place.kind !== 'room' || this.listensTo(look.place.roomId)) return true;
    this.lookAway();
    return false;
  }

  directoryChanged(): void {
    this.rooms = null;
    this.wantList();
  }

  /** Ends what belongs to it. Fulfilled when nothing of it is under way. */
  async close(): Promise<void> {
    this.isOver = true;
    this.parts.core.hub.detach(this.user);
    this.parts.directory.leave(this);
    this.lookAway();
    this.cancelList?.();
    await Promise.all([this.marks.settled(), this.listing]);
  }

  private async addresseeOf(receiver: string): Promise<Addressee> {
    const { look, user } = this;
    const { read } = this.parts;
    if (look?.receiver !== receiver) return addresseeAt(await findPlace(read, user.userId, receiver));
    const addressee = await findAgain(read, user.userId, { ...look, roomId: look.view.roomId });
    if (addressee !== null) return addressee;
    if (this.look === look) this.lookAway();
    throw new Refusal('user_unknown', { detail: 'Another person has this name by now' });
  }

  private lookAway(): void {
    const { look } = this;
    this.look = null;
    if (look === null) return;
    this.parts.histories.close(look.place, look.view);
    this.marks.settle();
  }

  private take(event: ShownEvent): void {
    switch (event.kind) {
      case 'message':
        if (this.look?.view.concerns(event) === true) this.look.view.note(event);
        return;
      case 'notice':
        // Who looks at no conversation has no place where it could be shown.
        this.look?.view.tell(event);
        return;
      case 'room_changed':
        this.roomChanged(event);
        return;
      case 'presence':
        if (this.isListCut) this.wantListWithin(cutListPause);
        return;
      case 'shutdown':
        this.peer.send(encodeFrame('DIS', { msg: event.reason }));
        return;
      case 'kicked':
      case 'banned':
      case 'killed':
        this.peer.send(encodeFrame('DIS', { msg: farewell(event) }));
    }
  }

  private roomChanged({ roomId, roomKind, state }: Extract<ShownEvent, { kind: 'room_changed' }>): void {
    // Without a state it is about how many are there.
    if (roomKind === 'direct' || state === null) return;
    if (!this.listensTo(roomId) && this.look?.place.roomId === roomId) this.lookAway();
    this.rooms = null;
    this.wantListWithin(listPause);
  }

  private listensTo(roomId: string): boolean {
    return this.parts.core.hub.feedOf(roomId)?.listeners.has(this.user.userId) === true;
  }

  private wantListWithin(milliseconds: number): void {
    this.cancelList ??= this.parts.timers.setTimeout(() => {
      this.cancelList = null;
      this.wantList();
    }, milliseconds);
  }

  private wantList(): void {
    this.isListWanted = true;
    this.listing ??= this.listWhileWanted().finally(() => (this.listing = null));
  }

  private async listWhileWanted(): Promise<void> {
    while (this.isListWanted && !this.isOver) {
      if (this.unsentBytes > maxUnsentBytes) {
        this.wantListWithin(listPause);
        return;
      }
      this.isListWanted = false;
      try {
        await this.list();
      } catch (error) {
        this.parts.logger.error('a list of users could not be made', { error });
      }
      await nextTurn();
    }
  }

  private async list(): Promise<void> {
    const { directory } = this.parts;
    const { userId } = this.user;
    await directory.ready();
    const { version } = directory;
    const rooms = (this.rooms ??= await roomNames(this.parts, directory, userId));
    const name = `${version} ${JSON.stringify(rooms)}`;
    if (name === this.lastList && !this.isListCut) return;
    const list = await userList(this.parts, directory, userId, rooms);
    this.lastList = name;
    this.isListCut = list?.isCut ?? false;
    if (list !== null && !this.isOver) this.peer.send(list.frame);
  }
}
