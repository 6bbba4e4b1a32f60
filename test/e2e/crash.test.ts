import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { programThatAcknowledgesEarly } from '../support/early-acknowledgement.ts';
import { rounds } from '../support/long.ts';
import { skipWithoutFiles } from '../support/server-database.ts';
import { MessageLedger } from '../support/message-ledger.ts';
import {
  type ServerProcess,
  newFolder,
  removeFolder,
  startServerProcess,
} from '../support/server-process.ts';

describe('kill -9 in a storm of messages', () => {
  let folder: string;
  before(() => (folder = newFolder()));
  after(() => removeFolder(folder));

  /** Kills and starts again, so many times; checks the ledger after each. */
  async function killAgainAndAgain(data: string, times: number, main?: string): Promise<void> {
    const start = (): Promise<ServerProcess> => startServerProcess(data, {}, main);
    let server = await start();
    try {
      const ledger = await MessageLedger.open(server, 8);
      for (let kill = 0; kill < times; kill++) {
        let isOver = false;
        const storm = ledger.storm().finally(() => (isOver = true));
        // In the middle of work, at a moment that nobody chose.
        const enough = ledger.acknowledged + 20 + Math.floor(Math.random() * 200);
        while (ledger.acknowledged < enough && !isOver) await new Promise((resolve) => setImmediate(resolve));
        await server.stop('SIGKILL');
        await storm;
        server = await start();
        ledger.moveTo(server);
        await ledger.check();
      }
      assert.equal(await server.stop('SIGTERM'), 0);
    } finally {
      await server.stop('SIGKILL');
    }
  }

  const kills = rounds(5, 50);
  test(
    `loses no acknowledged message, and stores none twice, ${kills} times`,
    { timeout: 600_000 },
    async () => {
      await killAgainAndAgain(`${folder}/right`, kills);
    },
  );

  test('is noticed where a server acknowledges before it commits', { skip: skipWithoutFiles }, async () => {
    const main = programThatAcknowledgesEarly(`${folder}/program`);
    await assert.rejects(killAgainAndAgain(`${folder}/wrong`, 10, main), assert.AssertionError);
  });
});
