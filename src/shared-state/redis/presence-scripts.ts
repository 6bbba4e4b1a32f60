import { redisScript } from './script.ts';

/**
 * Who is online is kept in a few parts, by user. Of each part there is a list of nodes with the time until which they live
 * (KEYS[1]), and for each node a set of its users, whose name is ARGV[2], the node and ARGV[3] together; ARGV[1] is the
 * node that asks. All keys of a part have one hash tag. The time is the server's, so that no clocks are compared.
 */
const common = `
local own, before, after = ARGV[1], ARGV[2], ARGV[3]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function users(node) return before .. node .. after end
local function living() return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf') end
local function has(node, user) return redis.call('SISMEMBER', users(node), user) == 1 end
`;

/** A set of a node that says nothing any more is kept no longer than this, should nobody sweep it. */
const kept = 600_000;

/** ARGV[4]: a user who is online on the node from now on. 1 where they are on another one too. */
export const enterScript = redisScript(`${common}
redis.call('SADD', users(own), ARGV[4])
redis.call('PEXPIRE', users(own), ${kept})
for _, node in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if node ~= own and has(node, ARGV[4]) then return 1 end
end
return 0`);

/** ARGV[4]: a user who is not any more. 1 where they still are on another node. Dead nodes forget them. */
export const leaveScript = redisScript(`${common}
redis.call('SREM', users(own), ARGV[4])
local elsewhere = 0
for _, node in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)) do
  if node ~= own then redis.call('SREM', users(node), ARGV[4]) end
end
for _, node in ipairs(living()) do
  if node ~= own and has(node, ARGV[4]) then elsewhere = 1 end
end
return elsewhere`);

/**
 * The node lives for ARGV[4] ms more. Nodes that are dead for ARGV[5] ms are swept, some users at a time. Returns the
 * nodes that live, users of dead ones that are nowhere else, and how many users the node has here.
 */
export const beatScript = redisScript(`${common}
redis.call('ZADD', KEYS[1], now + ARGV[4], own)
redis.call('PEXPIRE', users(own), ${kept})
local live = living()
local departed = {}
for _, dead in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[5])) do
  for _, user in ipairs(redis.call('SPOP', users(dead), 200)) do
    local elsewhere = false
    for _, node in ipairs(live) do
      if has(node, user) then elsewhere = true end
    end
    if not elsewhere then departed[#departed + 1] = user end
  end
  if redis.call('EXISTS', users(dead)) == 0 then redis.call('ZREM', KEYS[1], dead) end
end
return {live, departed, redis.call('SCARD', users(own))}`);

/** Puts the users from ARGV[5] on in the place of the node's, or, where ARGV[4] is 0, beside them. */
export const putScript = redisScript(`${common}
if ARGV[4] == '1' then redis.call('DEL', users(own)) end
for at = 5, #ARGV do redis.call('SADD', users(own), ARGV[at]) end
redis.call('PEXPIRE', users(own), ${kept})
return redis.call('SCARD', users(own))`);

/** The node does not live any more, from now on. */
export const withdrawScript = redisScript(`${common}
return redis.call('ZADD', KEYS[1], 'XX', now, own)`);

/** Of the users from ARGV[4] on, those online. */
export const amongScript = redisScript(`${common}
local live, online = living(), {}
for at = 4, #ARGV do
  for _, node in ipairs(live) do
    if has(node, ARGV[at]) then
      online[#online + 1] = ARGV[at]
      break
    end
  end
end
return online`);

/** Some users, ARGV[4] of each node at most. */
export const someScript = redisScript(`${common}
local some = {}
for _, node in ipairs(living()) do
  for _, user in ipairs(redis.call('SRANDMEMBER', users(node), ARGV[4])) do some[#some + 1] = user end
end
return some`);

/** How many users the living nodes have together. */
export const totalScript = redisScript(`${common}
local total = 0
for _, node in ipairs(living()) do total = total + redis.call('SCARD', users(node)) end
return total`);
