import { epochScript } from '../script.ts';

/**
 * What is kept of a session key is one hash, so that one look and one write are enough, and so that none of it can
 * expire before the rest:
 *
 * - `e` the epoch it was written in: of another one, all of it is void
 * - `h` the highest number accepted, `b` the ring of seen numbers, `s` payloads sealed
 * - `v` the version of what the key opens
 * - `a` the sealed session, while nobody has logged in to it
 * - `r` when the key retires: from then on nothing puts its end off
 * - `u` when it was used last, by the clocks of nodes: that is what idle means. What nobody asks for any more expires
 * - `i` how long it may be idle: a node that has not heard yet of the login knows only of less
 *
 * Lua and Redis keep whole numbers up to 2^53-1 exactly. The client library does not, so the highest is told as a text.
 */

/** ARGV: idle milliseconds, the time, then the sealed session where there is one. */
export const openScript = epochScript(`
redis.call('HSET', KEYS[1], 'e', epoch, 'h', '0', 'b', '', 's', '0', 'v', '0', 'u', ARGV[3], 'i', ARGV[2])
if ARGV[4] then redis.call('HSET', KEYS[1], 'a', ARGV[4]) end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1`);

/** @returns version, sealed session, when it retires; nothing for a void key */
export const readScript = epochScript(`
local k = redis.call('HMGET', KEYS[1], 'e', 'v', 'a', 'r')
if k[1] ~= epoch then return false end
return {tonumber(k[2]), k[3], k[4]}`);

/**
 * The rule is that of core's \`ReplayWindow\`: a ring of 64 words of 32 numbers, of which those that come into use
 * again are cleared first.
 *
 * ARGV: number, seals, the most a key may seal, idle milliseconds, the time.
 *
 * @returns 1 or, for a replay, 0; version, highest number, seals; nothing for a void key
 */
export const acceptScript = epochScript(`
local k = redis.call('HMGET', KEYS[1], 'e', 'h', 'b', 's', 'v', 'r', 'u', 'i')
if k[1] ~= epoch then return false end
local idle, used = math.max(ARGV[5], k[8]), math.max(ARGV[6], k[7])
if used - k[7] >= idle then return false end
local sealed = tonumber(k[4]) + tonumber(ARGV[3])
if sealed > tonumber(ARGV[4]) then return false end
local seq, highest, ring = tonumber(ARGV[2]), tonumber(k[2]), k[3]
local word, top = math.floor(seq / 32), math.floor(highest / 32)
if ring == '' then ring = string.rep('\\0', 256) end
if seq > highest then
  local steps = word - top
  if steps >= 64 then
    ring = string.rep('\\0', 256)
  elseif steps > 0 then
    local from = (top + 1) % 64
    local straight = math.min(steps, 64 - from)
    ring = string.sub(ring, 1, from * 4) .. string.rep('\\0', straight * 4) .. string.sub(ring, (from + straight) * 4 + 1)
    if straight < steps then
      ring = string.rep('\\0', (steps - straight) * 4) .. string.sub(ring, (steps - straight) * 4 + 1)
    end
  end
end
local place = (word % 64) * 4 + math.floor(seq % 32 / 8) + 1
local byte, bit = string.byte(ring, place), 2 ^ (seq % 8)
if (seq <= highest and top - word >= 64) or math.floor(byte / bit) % 2 == 1 then
  redis.call('HSET', KEYS[1], 's', sealed)
  return {0, tonumber(k[5]), string.format('%.0f', highest), sealed}
end
ring = string.sub(ring, 1, place - 1) .. string.char(byte + bit) .. string.sub(ring, place + 1)
if seq > highest then
  highest = seq
  redis.call('HSET', KEYS[1], 'b', ring, 's', sealed, 'u', used, 'h', ARGV[2])
else
  redis.call('HSET', KEYS[1], 'b', ring, 's', sealed, 'u', used)
end
if not k[6] then redis.call('PEXPIRE', KEYS[1], idle) end
return {1, tonumber(k[5]), string.format('%.0f', highest), sealed}`);

/** ARGV: seals, the most a key may seal, idle milliseconds, the time. @returns nothing for a void key */
export const sealsScript = epochScript(`
local k = redis.call('HMGET', KEYS[1], 'e', 's', 'r', 'u', 'i')
if k[1] ~= epoch then return false end
local idle, used = math.max(ARGV[4], k[5]), math.max(ARGV[5], k[4])
if used - k[4] >= idle then return false end
local sealed = tonumber(k[2]) + tonumber(ARGV[2])
if sealed > tonumber(ARGV[3]) then return false end
redis.call('HSET', KEYS[1], 's', sealed, 'u', used)
if not k[3] then redis.call('PEXPIRE', KEYS[1], idle) end
return 1`);

/** The session is in the store now. ARGV: idle milliseconds, the time. @returns nothing for a void key */
export const logInScript = epochScript(`
local k = redis.call('HMGET', KEYS[1], 'e', 'r')
if k[1] ~= epoch then return false end
redis.call('HDEL', KEYS[1], 'a')
redis.call('HSET', KEYS[1], 'u', ARGV[3], 'i', ARGV[2])
redis.call('HINCRBY', KEYS[1], 'v', 1)
if not k[2] then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1`);

/** ARGV: milliseconds since 1970. @returns nothing for a void key */
export const retireScript = epochScript(`
if redis.call('HGET', KEYS[1], 'e') ~= epoch then return false end
redis.call('HSET', KEYS[1], 'r', ARGV[2])
redis.call('HINCRBY', KEYS[1], 'v', 1)
redis.call('PEXPIREAT', KEYS[1], ARGV[2])
return 1`);
