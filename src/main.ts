#!/usr/bin/env node
import type { Command } from './commands/outcome.ts';

const usage = `letterlock: a self-hosted encrypted messaging server

  letterlock                  start the server (configuration: environment variables and .env)
             -a <address>     where clients of the rooms kind come in: the address and
             -p <port>        the port, before what LISTEN_ROOMS says
  letterlock admin <command>  run a command of the console on the running server; help lists them
  letterlock verify           check everything in the database, while the server runs or not
  letterlock restore <file>   make the database out of a backup, where there is none
  letterlock migrate          bring a database on SQLite, where no server runs, into one on PostgreSQL
             --from sqlite:…  which is still empty; broken off and run again, it goes on
             --to postgres://…
  letterlock --version        print the version
  letterlock --help           print this
`;

const words = process.argv.slice(2);
const [command, ...line] = words;
process.exitCode = await run();

/** Runs what is asked for, and loads no more than that needs: a console command is there before a server could be. */
async function run(): Promise<number> {
  if (command === undefined || /^(-[ap]|--(address|port)(=|$))/.test(command)) {
    return (await import('./commands/serve.ts')).serve(words);
  }
  switch (command) {
    case 'admin':
      return (await import('./commands/admin.ts')).adminCommand(line);
    case 'restore':
      return runOnData((await import('./commands/restore.ts')).restoreCommand);
    case 'verify':
      return runOnData((await import('./commands/verify.ts')).verifyCommand);
    case 'migrate':
      return runOnData((await import('./commands/migrate.ts')).migrateCommand);
    case '--version':
      process.stdout.write(`${(await import('./package-folder.ts')).readVersion()}\n`);
      return 0;
    case '--help':
      process.stdout.write(usage);
      return 0;
    default:
      process.stderr.write(`letterlock: there is no command ${JSON.stringify(command)}\n\n${usage}`);
      return 2;
  }
}

async function runOnData(dataCommand: Command): Promise<number> {
  return (await import('./commands/outcome.ts')).runCommand(dataCommand, line);
}
