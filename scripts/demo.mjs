import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Starts a server of its own in a temporary folder, walks through it with curl and openssl, and removes it all. */
const root = path.join(import.meta.dirname, '..');
const folder = mkdtempSync(path.join(tmpdir(), 'letterlock-demo-'));
const server = spawn(process.execPath, ['--enable-source-maps', path.join(root, 'dist', 'main.js')], {
  cwd: folder,
  env: {
    ...process.env,
    LISTEN_HTTP: 'http://127.0.0.1:0',
    LISTEN_FRAMES: 'off',
    LISTEN_RESET: 'off',
    LISTEN_CHATROOM: 'off',
    LISTEN_CHATEAU: 'off',
    LISTEN_ROOMS: 'off',
    RSA_BITS: '2048',
  },
  stdio: ['ignore', 'ignore', 'pipe'],
});
let log = '';
const url = await new Promise((resolve, reject) => {
  server.stderr.on('data', (chunk) => {
    log += chunk;
    const found = /"url":"([^"]+)"/.exec(log);
    if (found) resolve(found[1]);
  });
  server.on('exit', () => reject(new Error(`the server did not start: ${log}`)));
});
const tour = spawn(path.join(root, 'examples', 'curl', 'tour.sh'), [url], {
  env: { ...process.env, LETTERLOCK_OUTBOX: path.join(folder, 'data', 'outbox') },
  stdio: 'inherit',
});
tour.on('exit', (code) => {
  server.removeAllListeners('exit');
  server.on('exit', () => {
    rmSync(folder, { recursive: true, force: true });
    process.exitCode = code ?? 1;
  });
  server.kill('SIGTERM');
});
