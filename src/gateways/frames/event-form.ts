import type { WireForm } from '../../core/live/connection.ts';
import type { LiveEvent } from '../../core/live/events.ts';

/** Events that change what a client of this kind is shown. */
export type ShownEvent = Extract<
  LiveEvent,
  { kind: 'message' | 'notice' | 'room_changed' | 'presence' | 'kicked' | 'banned' | 'killed' | 'shutdown' }
>;

/**
 * There is no frame for a single event: a client is sent the whole of what has changed. So events are passed on as they
 * are, to be gathered.
 */
export const eventForm: WireForm<ShownEvent> = {
  encode: (event) => {
    switch (event.kind) {
      case 'message':
      case 'notice':
      case 'room_changed':
      case 'presence':
      case 'kicked':
      case 'banned':
      case 'killed':
      case 'shutdown':
        return event;
      default:
        return null;
    }
  },
};
