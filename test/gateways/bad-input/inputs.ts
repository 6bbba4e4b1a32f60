import type { Kind } from './kinds.ts';

/** What comes of an input: the server ends the connection, or goes on serving it, or waits for the rest of it. */
export type Outcome = 'ends' | 'lives' | 'waits';

/** Bytes that no client of the kind would send. */
export interface Input {
  readonly what: string;
  /** Null where the kind has nothing of the sort. */
  readonly bytes: (kind: Kind) => readonly (Buffer | string)[] | null;
  readonly comesTo: (kind: Kind) => Outcome;
}

const noise = Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 7919) % 256));
const deep = `{"a":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`;
const requestLines = ['GET / HTTP/1.1', 'POST /a HTTP/1.1', 'HEAD / HTTP/1.1', 'PRI * HTTP/2.0'];

/** What every kind gets in every state. */
export const inputs: readonly Input[] = [
  { what: 'garbage', bytes: () => [noise], comesTo: () => 'ends' },
  {
    what: 'the beginning of TLS',
    bytes: () => [Buffer.from('16030100c8010000c40303', 'hex')],
    comesTo: () => 'ends',
  },
  ...requestLines.map((line): Input => ({
    what: `HTTP: ${line}`,
    bytes: ({ speaksHttp }) => (speaksHttp ? null : [`${line}\r\nHost: localhost\r\n\r\n`]),
    comesTo: () => 'ends',
  })),
  {
    what: 'a size that lies',
    bytes: ({ lie }) => (lie === null ? null : [lie]),
    comesTo: ({ name }) => (name === 'chateau' ? 'ends' : 'waits'),
  },
  { what: 'members within members', bytes: ({ wrap }) => [wrap(deep)], comesTo: ({ nesting }) => nesting },
];
