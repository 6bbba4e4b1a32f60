import { RedisAway } from './redis-away.ts';
import type { RedisScript } from './script.ts';

/** Sends a command to one server. */
export type Send = (args: readonly (string | Buffer)[]) => Promise<unknown>;

/** Runs a script by its name, and by its text where the server does not know it yet. */
export async function evaluate(
  send: Send,
  { sha, source }: RedisScript,
  keys: readonly string[],
  args: readonly (string | Buffer)[],
): Promise<unknown> {
  const rest = [String(keys.length), ...keys, ...args];
  try {
    return await send(['EVALSHA', sha, ...rest]);
  } catch (error) {
    if (error instanceof RedisAway || !(error instanceof Error) || !error.message.startsWith('NOSCRIPT'))
      throw error;
    return send(['EVAL', source, ...rest]);
  }
}
