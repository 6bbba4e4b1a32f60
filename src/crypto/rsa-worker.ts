import { type KeyObject, privateDecrypt } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { oaepOptions } from './rsa-oaep.ts';

/**
 * A thread that does nothing but RSA private operations, one after another. Whatever does not decrypt is answered with
 * null.
 */

/** What the thread is asked. */
export interface DecryptionJob {
  readonly id: number;
  readonly key: KeyObject;
  readonly ciphertext: Uint8Array;
}

/** What it answers, several at once. */
export interface DecryptionResult {
  readonly id: number;
  readonly plaintext: Uint8Array | null;
}

let results: DecryptionResult[] = [];

parentPort?.on('message', (job: DecryptionJob) => {
  // What is done by the time the queue is empty goes back together: waking the other thread each time costs more.
  if (results.length === 0) setImmediate(flush);
  results.push({ id: job.id, plaintext: decrypt(job) });
});

function flush(): void {
  parentPort?.postMessage(results);
  results = [];
}

function decrypt({ key, ciphertext }: DecryptionJob): Uint8Array | null {
  try {
    return new Uint8Array(privateDecrypt({ key, ...oaepOptions }, ciphertext));
  } catch {
    return null;
  }
}
