import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { registered } from '../test/support/sealed-client.ts';
import { Filling } from './fill.ts';
import { callsPerSecond } from './messages.ts';
import { startBenchProcess } from './process.ts';
import type { Row } from './table.ts';
import { gatewaysOff } from '../test/support/gateways-off.ts';

const main = path.join(import.meta.dirname, '..', 'src', 'main.js');
const environment = { LISTEN_HTTP: 'http://127.0.0.1:0', RSA_BITS: '2048', LIMITS: 'off', ...gatewaysOff };
const ownRooms = 50;

/** What a page of history and the list of rooms cost as the database grows. */
export async function benchHistory(folder: string): Promise<Row[]> {
  const small = await prepare(path.join(folder, 'small'), 1_000, { users: 0, rooms: 0 });
  const large = await prepare(path.join(folder, 'large'), 1_000_000, { users: 10_000, rooms: 1_000 });
  const rounds: Record<'page' | 'list', { small: number; large: number }[]> = { page: [], list: [] };
  for (let round = 0; round < 5; round++) {
    rounds.page.push({ small: await small.page(), large: await large.page() });
    rounds.list.push({ small: await small.list(), large: await large.list() });
  }
  await small.stop();
  await large.stop();
  const median = (of: 'page' | 'list', which: 'small' | 'large'): number =>
    rounds[of]
      .slice(1)
      .map((each) => each[which])
      .sort((a, b) => a - b)[2] ?? 0;
  const times = (of: 'page' | 'list', which: 'small' | 'large'): string =>
    `${(1e6 / median(of, which)).toFixed(0)} µs`;
  return [
    {
      what: 'last page (50) of a room of 1,000,000 messages',
      ours: times('page', 'large'),
      against: `of 1,000: ${times('page', 'small')}`,
      ratio: median('page', 'small') / median('page', 'large'),
      target: 'at most 1.2',
    },
    {
      what: '`/list_rooms` of a user in 50, of 10,000 users and 1,000 rooms',
      ours: times('list', 'large'),
      against: `with these 50 alone: ${times('list', 'small')}`,
      ratio: median('list', 'small') / median('list', 'large'),
      target: 'at most 1.5',
    },
  ];
}

async function prepare(folder: string, messages: number, others: { users: number; rooms: number }) {
  mkdirSync(folder, { recursive: true });
  const first = await startBenchProcess(main, environment, '0', folder);
  const client = await registered(first.url, 'reader');
  await first.stop();
  const filling = new Filling(folder);
  const reader = filling.idOf('reader');
  const own = filling.rooms(ownRooms, 'own room ', 'invite');
  filling.members(own.map((room) => [room, reader] as const));
  const users = filling.users(others.users, 'user');
  const rooms = filling.rooms(others.rooms, 'other room ', 'invite');
  filling.members(
    users.flatMap((user, at) => rooms.slice(at % 900, (at % 900) + 20).map((room) => [room, user] as const)),
  );
  const [room = ''] = own;
  filling.messages(room, reader, messages);
  filling.close();
  const server = await startBenchProcess(main, environment, '0', folder);
  const moved = Object.assign(client, { url: server.url, seq: client.seq + 5_000 });
  return {
    page: () => callsPerSecond(server.url, moved, '/list_messages', { room, limit: 50 }, 600),
    list: () => callsPerSecond(server.url, moved, '/list_rooms', {}, 600),
    stop: () => server.stop(),
  };
}
