import type { CallOptions } from './types.ts';
import type { MessagePage, MessageQuery, RevisedMessage, SentMessage } from './messaging-types.ts';

/** Asks any endpoint by its path. */
export type Request = (path: string, fields: object, options?: CallOptions) => Promise<unknown>;

/** A client's `messages`. All methods throw `LetterlockError`; a `room` is named by its id or its name. */
export class Messages {
  private readonly request: Request;

  constructor(request: Request) {
    this.request = request;
  }

  /**
   * Sends a text of 1 byte to 64 KiB. Once it returns, the message is stored; a lost answer is asked for again, and
   * nothing is sent twice.
   */
  async send(
    message:
      { readonly room: string; readonly message: string } | { readonly to: string; readonly message: string },
    options?: CallOptions,
  ): Promise<SentMessage> {
    return (await this.request('/send_message', message, options)) as SentMessage;
  }

  /** Puts another text in the place of one; others' only as a moderator. */
  async edit(
    change: { readonly room: string; readonly seq: number; readonly message: string },
    options?: CallOptions,
  ): Promise<RevisedMessage> {
    return (await this.request('/edit_message', change, options)) as RevisedMessage;
  }

  /** Deletes a text for good; its number stays. */
  async delete(
    message: { readonly room: string; readonly seq: number },
    options?: CallOptions,
  ): Promise<RevisedMessage> {
    return (await this.request('/delete_message', message, options)) as RevisedMessage;
  }

  /** A page of a room's messages. */
  async list(query: MessageQuery, options?: CallOptions): Promise<MessagePage> {
    const { afterSeq, beforeSeq, afterRevision, ...fields } = query;
    return (await this.request(
      '/list_messages',
      {
        ...fields,
        ...(afterSeq === undefined ? {} : { after_seq: afterSeq }),
        ...(beforeSeq === undefined ? {} : { before_seq: beforeSeq }),
        ...(afterRevision === undefined ? {} : { after_revision: afterRevision }),
      },
      options,
    )) as MessagePage;
  }

  /** Remembers how far the user has read. A number below what is remembered changes nothing. */
  async markRead(
    mark: { readonly room: string; readonly seq: number },
    options?: CallOptions,
  ): Promise<void> {
    await this.request('/mark_read', mark, options);
  }

  /** Tells the room that the user types, for the next six seconds, or does no longer. */
  async setTyping(
    typing: { readonly room: string; readonly typing: boolean },
    options?: CallOptions,
  ): Promise<void> {
    await this.request('/set_typing', typing, options);
  }
}
