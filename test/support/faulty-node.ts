import { startServer } from '../../src/composition.ts';
import { loadConfig, readEnvironment } from '../../src/config.ts';
import type { FanOut } from '../../src/core/nodes/fan-out.ts';
import type { NodeParts } from '../../src/core/nodes/nodes.ts';
import { newId } from '../../src/core/random.ts';
import { pooledRandomBytes } from '../../src/crypto/random-pool.ts';
import { createLogger } from '../../src/logger.ts';
import { redisAddress } from '../../src/shared-state/redis/address.ts';
import { RedisConnection } from '../../src/shared-state/redis/connection.ts';
import { redisNodes } from '../../src/shared-state/redis/nodes.ts';
import { systemClock, systemTimers } from '../../src/system-clock.ts';

/**
 * The server as a program, with faults that the real one has no way to: of what it hears from other nodes it loses the
 * part that `LOSE_NOTICES` says, 0 to 1, and after SIGUSR2 it kills itself in the moment in which it would tell the others
 * what was just committed for a room.
 */
const config = loadConfig(readEnvironment(process.cwd()));
const logger = createLogger({ level: config.log.level, pretty: false, sink: process.stderr });
const lost = Number(process.env['LOSE_NOTICES'] ?? '0');
let dies = false;
process.on('SIGUSR2', () => {
  dies = true;
  logger.info('armed');
});

const redis = new RedisConnection({
  address: redisAddress(config.redis?.urls[0]?.reveal() ?? ''),
  prefix: 'll:',
  timers: systemTimers,
  logger,
});
await redis.start();
const parts = redisNodes(redis, {
  nodeId: newId(pooledRandomBytes),
  clock: systemClock,
  timers: systemTimers,
  random: Math.random,
  logger,
});
const server = await startServer(config, logger, () => process.exit(1), { nodes: withFaults(parts) });
process.once('SIGTERM', () => {
  void server.stop().then(() => process.exit(0));
});
logger.info('listening', { url: server.url });

function withFaults(nodeParts: NodeParts): NodeParts {
  const { fanOut } = nodeParts;
  const faulty: FanOut = {
    publish: (topic, payload) => {
      if (dies && topic.startsWith('room:')) process.kill(process.pid, 'SIGKILL');
      fanOut.publish(topic, payload);
    },
    subscribe: (topic) => fanOut.subscribe(topic),
    unsubscribe: (topic) => fanOut.unsubscribe(topic),
    start: (receiver) =>
      fanOut.start({
        received: (topic, payload) => {
          if (Math.random() >= lost) receiver.received(topic, payload);
        },
        resumed: () => receiver.resumed(),
      }),
    flush: (milliseconds) => fanOut.flush(milliseconds),
    close: () => fanOut.close(),
  };
  return { ...nodeParts, fanOut: faulty };
}
