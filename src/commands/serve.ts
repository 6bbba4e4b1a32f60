import { LogAbovePrompt } from '../admin/terminal/log-above-prompt.ts';
import { openOwnTerminal } from '../admin/terminal/own-terminal.ts';
import type { Terminal } from '../admin/terminal/terminal.ts';
import { startServer } from '../composition.ts';
import { loadConfig, readEnvironment } from '../config.ts';
import { createLogger } from '../logger.ts';
import { WrongPlace, withRoomsPlace } from './rooms-place.ts';
import { explain } from './start-problems.ts';

/**
 * Starts the server, which serves until a signal, a command or a fault ends it.
 *
 * @param line what stands on the command line: where `rooms` listens
 * @returns the exit code until then
 */
export async function serve(line: readonly string[]): Promise<number> {
  try {
    const config = loadConfig(withRoomsPlace(readEnvironment(process.cwd()), line));
    const log = new LogAbovePrompt(process.stderr);
    const logger = createLogger({ level: config.log.level, sink: log });
    const server = await startServer(config, logger, (error) => {
      logger.error('the server cannot go on', { error });
      process.exit(1);
    });
    process.on('unhandledRejection', (error) => {
      logger.error('a promise was rejected and nobody looked', { error });
    });
    let terminal: Terminal | null = null;
    const stop = stopOnSignal(async () => {
      terminal?.close();
      logger.info('stopping');
      await server.stop();
      logger.info('stopped');
    });
    process.on('SIGHUP', () => void server.reloadCertificate());
    logger.info('listening', { url: server.url, try: `curl ${server.url}/healthz` });
    if (server.metricsUrl !== null)
      logger.info('metrics are served', { url: `${server.metricsUrl}/metrics` });
    greet(server.url);
    terminal = openOwnTerminal({ console: server.admin.console, log });
    void server.admin.stopRequested.then(stop);
    return 0;
  } catch (error) {
    explain(error);
    return error instanceof WrongPlace ? 2 : 1;
  }
}

/** In a terminal, says what to try first. */
function greet(url: string): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`
Letterlock serves at ${url}. Try:

  curl ${url}/healthz
  examples/curl/tour.sh ${url}

The API is described at ${url}/docs. Ctrl-C stops the server.

`);
}

/** The first signal stops in order, the second at once. Returns what a signal calls. */
function stopOnSignal(stop: () => Promise<void>): () => void {
  let stopping = false;
  const onSignal = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        explain(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return onSignal;
}
