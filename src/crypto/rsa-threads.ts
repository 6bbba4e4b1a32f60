import type { KeyObject } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { DecryptionJob, DecryptionResult } from './rsa-worker.ts';

interface Thread {
  readonly worker: Worker;
  readonly jobs: Map<number, { resolve: (plaintext: Buffer | null) => void; reject: (error: Error) => void }>;
}

const threads: Thread[] = [];
let lastId = 0;

/**
 * Decrypts RSA-OAEP-256 in a thread of its own. Node has only a synchronous call for it, and Web Crypto, which runs on
 * the thread pool, takes twice the time. Threads are started when they are first needed, one for each core, and keep
 * the process alive only while somebody waits for them.
 */
export function decryptInThread(key: KeyObject, ciphertext: Buffer): Promise<Buffer | null> {
  const thread = leastBusy();
  lastId += 1;
  const job: DecryptionJob = { id: lastId, key, ciphertext: new Uint8Array(ciphertext) };
  return new Promise((resolve, reject) => {
    if (thread.jobs.size === 0) thread.worker.ref();
    thread.jobs.set(job.id, { resolve, reject });
    thread.worker.postMessage(job);
  });
}

function leastBusy(): Thread {
  const idle = threads.find(({ jobs }) => jobs.size === 0);
  if (idle !== undefined) return idle;
  if (threads.length < availableParallelism()) return start();
  return threads.reduce((least, each) => (each.jobs.size < least.jobs.size ? each : least));
}

function start(): Thread {
  const thread: Thread = { worker: new Worker(new URL('./rsa-worker.js', import.meta.url)), jobs: new Map() };
  thread.worker.unref();
  thread.worker.on('message', (results: readonly DecryptionResult[]) => {
    for (const { id, plaintext } of results) {
      const job = thread.jobs.get(id);
      thread.jobs.delete(id);
      job?.resolve(
        plaintext === null ? null : Buffer.from(plaintext.buffer, plaintext.byteOffset, plaintext.length),
      );
    }
    if (thread.jobs.size === 0) thread.worker.unref();
  });
  const end = (error: Error): void => {
    const at = threads.indexOf(thread);
    if (at !== -1) threads.splice(at, 1);
    for (const { reject } of thread.jobs.values()) reject(error);
    thread.jobs.clear();
  };
  thread.worker.on('error', end);
  thread.worker.on('exit', () => end(new Error('a decrypting thread ended')));
  threads.push(thread);
  return thread;
}
