import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readProxyHeader } from '../../../src/gateways/socket/proxy-header.ts';
import { rounds } from '../../support/long.ts';

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n');

function binary(command: number, family: number, addresses: Buffer): Buffer {
  const prefix = Buffer.alloc(4);
  prefix.writeUInt8(command, 0);
  prefix.writeUInt8(family, 1);
  prefix.writeUInt16BE(addresses.length, 2);
  return Buffer.concat([signature, prefix, addresses]);
}

const ports = Buffer.from([0x30, 0x39, 0x15, 0xb3]);
const four = Buffer.from([192, 0, 2, 7, 198, 51, 100, 1]);
const six = Buffer.concat([
  Buffer.from('20010db8000000000000000000000001', 'hex'),
  Buffer.from('20010db8000000000000000000000002', 'hex'),
]);

const headers: readonly { name: string; bytes: Buffer; address: string | null }[] = [
  {
    name: 'version 1, IPv4',
    bytes: Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 12345 5555\r\n'),
    address: '192.0.2.7',
  },
  {
    name: 'version 1, IPv6 in another spelling',
    bytes: Buffer.from('PROXY TCP6 2001:DB8:0::1 2001:db8::2 12345 5555\r\n'),
    address: '2001:db8::1',
  },
  {
    name: 'version 1, an IPv4 address in its mapped form',
    bytes: Buffer.from('PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n'),
    address: '192.0.2.7',
  },
  { name: 'version 1, unknown', bytes: Buffer.from('PROXY UNKNOWN\r\n'), address: null },
  {
    name: 'version 1, unknown with words',
    bytes: Buffer.from('PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n'),
    address: null,
  },
  {
    name: 'version 2, IPv4',
    bytes: binary(0x21, 0x11, Buffer.concat([four, ports])),
    address: '192.0.2.7',
  },
  {
    name: 'version 2, IPv4 with extensions',
    bytes: binary(0x21, 0x11, Buffer.concat([four, ports, Buffer.from('030004cafebabe', 'hex')])),
    address: '192.0.2.7',
  },
  { name: 'version 2, IPv6', bytes: binary(0x21, 0x21, Buffer.concat([six, ports])), address: '2001:db8::1' },
  { name: 'version 2, the balancer itself', bytes: binary(0x20, 0x00, Buffer.alloc(0)), address: null },
  { name: 'version 2, a unix socket', bytes: binary(0x21, 0x31, Buffer.alloc(216)), address: null },
];

describe('the header of a load balancer', () => {
  for (const { name, bytes, address } of headers) {
    test(`${name}, cut at every byte`, () => {
      const whole = Buffer.concat([bytes, Buffer.from('{"type":"hello"}')]);
      for (let length = 1; length < bytes.length; length++) {
        assert.deepEqual(readProxyHeader(whole.subarray(0, length)), { kind: 'partial' }, `${length} bytes`);
      }
      assert.deepEqual(readProxyHeader(whole), { kind: 'header', address, length: bytes.length });
    });
  }

  const malformed: readonly [string, Buffer][] = [
    ['an address that is none', Buffer.from('PROXY TCP4 192.0.2.300 198.51.100.1 1 2\r\n')],
    ['an address of the other family', Buffer.from('PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n')],
    ['a port that is none', Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 1 65536\r\n')],
    ['too few words', Buffer.from('PROXY TCP4 192.0.2.7\r\n')],
    ['too many words', Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 1 2 3\r\n')],
    ['an unknown family', Buffer.from('PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n')],
    ['a line without an end', Buffer.from(`PROXY UNKNOWN ${'x'.repeat(200)}\r\n`)],
    ['a version that is not there', binary(0x31, 0x11, Buffer.concat([four, ports]))],
    ['a command that is not there', binary(0x2f, 0x11, Buffer.concat([four, ports]))],
    ['too short for its addresses', binary(0x21, 0x21, Buffer.concat([four, ports]))],
    ['a length that lies', binary(0x21, 0x11, Buffer.alloc(40_000))],
  ];
  for (const [name, bytes] of malformed) {
    test(`is refused: ${name}`, () => {
      assert.deepEqual(readProxyHeader(bytes), { kind: 'malformed' });
    });
  }

  test('is not seen in what a client says', () => {
    for (const text of ['{"user":"PROXY "}', 'GET / HTTP/1.1\r\n', '\r\n{', 'PROXIES', '\x16\x03\x01']) {
      assert.deepEqual(readProxyHeader(Buffer.from(text)), { kind: 'none' });
    }
  });

  test('of any bytes is one of the four', () => {
    for (let round = 0; round < rounds(2_000, 50_000); round++) {
      const start = [signature, Buffer.from('PROXY TCP4 '), Buffer.alloc(0)][round % 3] ?? Buffer.alloc(0);
      const noise = Buffer.from(Array.from({ length: round % 80 }, () => Math.floor(Math.random() * 256)));
      const { kind } = readProxyHeader(Buffer.concat([start, noise]));
      assert.ok(['partial', 'none', 'malformed', 'header'].includes(kind));
    }
  });
});
