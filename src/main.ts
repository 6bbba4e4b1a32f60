#!/usr/bin/env node
import { readVersion, startServer } from './composition.ts';
import { ConfigError, loadConfig, readEnvironment } from './config.ts';
import { createLogger } from './logger.ts';
import { KeyFolderError } from './store/key-folder.ts';
import { StoreOpenError } from './store/sqlite/open-error.ts';

const usage = `letterlock: a self-hosted encrypted messaging server

  letterlock              start the server (configuration: environment variables and .env)
  letterlock --version    print the version
  letterlock --help       print this
`;

const argument = process.argv[2];
if (argument === undefined) await serve();
else if (argument === '--version') process.stdout.write(`${readVersion()}\n`);
else if (argument === '--help') process.stdout.write(usage);
else {
  process.stderr.write(`letterlock: there is no command ${JSON.stringify(argument)}\n\n${usage}`);
  process.exitCode = 2;
}

/** Serves until a signal or a fault ends it. */
async function serve(): Promise<void> {
  try {
    const config = loadConfig(readEnvironment(process.cwd()));
    const logger = createLogger({ level: config.log.level });
    const server = await startServer(config, logger, (error) => {
      logger.error('the server cannot go on', { error });
      process.exit(1);
    });
    process.on('unhandledRejection', (error) => {
      logger.error('a promise was rejected and nobody looked', { error });
    });
    stopOnSignal(async () => {
      logger.info('stopping');
      await server.stop();
      logger.info('stopped');
    });
    logger.info('listening', { url: server.url, try: `curl ${server.url}/healthz` });
    greet(server.url);
  } catch (error) {
    explain(error);
    process.exitCode = 1;
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

/** The first signal stops in order, the second at once. */
function stopOnSignal(stop: () => Promise<void>): void {
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
}

/** A sentence for what an admin can mend; the whole trace for what only a developer can. */
function explain(error: unknown): void {
  process.stderr.write(`letterlock: ${sentenceFor(error)}\n`);
}

function sentenceFor(error: unknown): string {
  if (error instanceof ConfigError || error instanceof KeyFolderError || error instanceof StoreOpenError) {
    return error.message;
  }
  if (!(error instanceof Error)) return String(error);
  const { code, syscall, path, address, port } = error as NodeJS.ErrnoException & {
    address?: string;
    port?: number;
  };
  if (syscall === 'listen') return listenSentence(code, address, port);
  if (syscall !== undefined) return `${path ?? 'a file'} cannot be used: ${error.message}`;
  return error.stack ?? error.message;
}

function listenSentence(code: string | undefined, address = 'the address', port = 0): string {
  const place = `${address}:${port}`;
  if (code === 'EADDRINUSE')
    return `${place} is in use by another program: choose another port in LISTEN_HTTP.`;
  if (code === 'EACCES')
    return `${place} may not be listened on by this user: choose a port above 1023 in LISTEN_HTTP.`;
  return `${place} cannot be listened on (${code ?? 'unknown reason'}): check LISTEN_HTTP.`;
}
