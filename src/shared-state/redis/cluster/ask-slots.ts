import type { Timers } from '../../../core/clock.ts';
import type { RedisAddress } from '../address.ts';
import type { KeptLink } from '../kept-link.ts';
import { type NodeAddress, SlotMap } from './slot-map.ts';

const question = ['CLUSTER', 'SLOTS'];
/** For connecting to a server and its answer. */
const answerMilliseconds = 2_000;

/** Asks the servers that are connected, one after the other, who has which slot. @returns null where none answers */
export async function askOpenLinks(
  links: readonly (readonly [NodeAddress, KeptLink])[],
  random: () => number,
): Promise<SlotMap | null> {
  // Any of them may be the one that has heard of nothing: not always the same one first.
  const first = Math.floor(random() * links.length);
  for (const [address, link] of [...links.slice(first), ...links.slice(0, first)]) {
    const { current } = link;
    if (current === null) continue;
    const answer = await link.send(current, question).catch(() => null);
    if (answer !== null) return SlotMap.read(answer, address);
  }
  return null;
}

/**
 * Asks servers that are not connected, and takes what the first of them says.
 *
 * @throws what one of them failed with, where none answers
 */
export async function askAny(
  servers: readonly (readonly [NodeAddress, RedisAddress])[],
  timers: Timers,
): Promise<SlotMap> {
  try {
    return await Promise.any(servers.map(([address, server]) => askOnce(address, server, timers)));
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error;
  }
}

async function askOnce(address: NodeAddress, server: RedisAddress, timers: Timers): Promise<SlotMap> {
  const client = server.makeClient();
  client.on('error', () => {});
  let cancel = (): void => {};
  const tooLong = new Promise<never>((_resolve, reject) => {
    cancel = timers.setTimeout(() => reject(new Error('an answer took too long')), answerMilliseconds);
  });
  try {
    const answered = client.connect().then(() => client.sendCommand(question));
    return SlotMap.read(await Promise.race([answered, tooLong]), address);
  } finally {
    cancel();
    if (client.isOpen) client.destroy();
  }
}
