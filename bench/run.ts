import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { benchFootprint } from './footprint.ts';
import { benchGateways } from './gateways.ts';
import { benchHandshake } from './handshake.ts';
import { benchDecrypt, benchLogin } from './heavy.ts';
import { benchHistory } from './history.ts';
import { benchLive } from './live.ts';
import { benchMe } from './me.ts';
import { benchSend } from './messages.ts';
import { pinned, startBenchProcess } from './process.ts';
import { benchNodes } from './nodes.ts';
import { benchSealing } from './sealing.ts';
import { type Row, formatTable } from './table.ts';
import { gatewaysOff } from '../test/support/gateways-off.ts';

/** `npm run bench [word …]`: measures what the words name, or everything. */
const words = process.argv.slice(2);
const folder = mkdtempSync(path.join(tmpdir(), 'letterlock-bench-'));
const server = await startBenchProcess(
  path.join(import.meta.dirname, '..', 'src', 'main.js'),
  { LISTEN_HTTP: 'http://127.0.0.1:0', RSA_BITS: '2048', LIMITS: 'off', ...gatewaysOff, LOG_LEVEL: 'info' },
  '0',
  folder,
);
if (pinned) execFileSync('taskset', ['-apc', '1', String(process.pid)], { stdio: 'ignore' });

mkdirSync(path.join(folder, 'footprint'));
mkdirSync(path.join(folder, 'gateways'));

const benches: Record<string, () => Promise<Row[]>> = {
  me: () => benchMe(server),
  nodes: () => benchNodes(path.join(folder, 'nodes')),
  sealing: () => benchSealing(),
  handshake: () => benchHandshake(server),
  decrypt: () => benchDecrypt(server),
  login: () => benchLogin(server),
  send: () => benchSend(server),
  history: () => benchHistory(path.join(folder, 'history')),
  live: () => benchLive(server),
  gateways: () => benchGateways(path.join(folder, 'gateways')),
  footprint: () => benchFootprint(path.join(folder, 'footprint')),
};

const rows: Row[] = [];
for (const [name, bench] of Object.entries(benches)) {
  if (words.length === 0 || words.includes(name)) rows.push(...(await bench()));
}
await server.stop();
rmSync(folder, { recursive: true, force: true });
console.log(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}\n`);
console.log(formatTable(rows));
