import { createHash } from 'node:crypto';

/** A Lua script, with the name under which a server remembers it. */
export interface RedisScript {
  readonly source: string;
  readonly sha: string;
}

/** A script that changes or reads what need not be of this epoch. */
export function redisScript(source: string): RedisScript {
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}

/**
 * A script for what must not survive a lost or rolled-back server. Its first argument is the epoch, which the
 * connection gives; the body finds it as `epoch`, and its own arguments from `ARGV[2]` on.
 *
 * The server is asked again within the script who it is: behind a proxy, or where a server was made a replica and a
 * primary again, a connection may outlive the data it was opened for. `master_replid` is made anew at every start of a
 * primary and at every promotion. It costs about 2 µs.
 */
export function epochScript(body: string): RedisScript {
  return redisScript(`
local epoch = ARGV[1]
local replid = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
if replid == nil or string.sub(epoch, -#replid) ~= replid then
  return redis.error_reply('${otherEpoch} this server has other data than the connection was opened for')
end
${body}`);
}

/** The first word of the error that a script of another epoch ends with. */
export const otherEpoch = 'LLEPOCH';
