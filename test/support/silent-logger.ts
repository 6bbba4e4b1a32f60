import type { Logger } from '../../src/core/logger.ts';

/** Says nothing. */
export const silentLogger: Logger = {
  writesDebug: false,
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};
