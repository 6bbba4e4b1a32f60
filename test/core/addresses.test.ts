import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { AddressRanges, addressGroup, canonicalAddress, clientAddress } from '../../src/core/addresses.ts';

describe('the canonical address', () => {
  test('has one spelling', () => {
    const spellings = {
      '192.0.2.1': '192.0.2.1',
      '::ffff:192.0.2.1': '192.0.2.1',
      '::FFFF:C000:0201': '192.0.2.1',
      '0:0:0:0:0:ffff:c000:201': '192.0.2.1',
      '2001:DB8:0:0:0:0:0:1': '2001:db8::1',
      '2001:0db8::0001': '2001:db8::1',
      '2001:db8:0:0:1:0:0:1': '2001:db8::1:0:0:1',
      '2001:db8:0:1:1:1:1:1': '2001:db8:0:1:1:1:1:1',
      'fe80::1%eth0': 'fe80::1',
      'fe80::%eth0': 'fe80::',
      '::': '::',
      '::1': '::1',
      '1::': '1::',
      '64:ff9b::192.0.2.1': '64:ff9b::c000:201',
    };
    for (const [spelling, canonical] of Object.entries(spellings))
      assert.equal(canonicalAddress(spelling), canonical);
  });

  test('of what is no address is unknown', () => {
    for (const junk of [
      '',
      'unknown',
      'localhost',
      '1.2.3',
      '1.2.3.4.5',
      '010.0.0.1',
      '256.1.1.1',
      '1.2.3.4%eth0',
      ' 1.2.3.4',
      ':::',
      '1.2.3.4\n',
    ]) {
      assert.equal(canonicalAddress(junk), 'unknown');
    }
  });

  test('is what the URL standard makes of IPv6, and stays as it is', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const canonical = canonicalAddress(address);
        assert.equal(canonicalAddress(canonical), canonical);
        if (canonical.includes('.')) assert.match(new URL(`http://[${address}]`).hostname, /^\[::ffff:/);
        else assert.equal(`[${canonical}]`, new URL(`http://[${address}]`).hostname);
      }),
    );
  });
});

test('limits count an IPv4 address as it is, and an IPv6 address with its /64', () => {
  assert.equal(addressGroup('192.0.2.1'), '192.0.2.1');
  assert.equal(addressGroup('::ffff:192.0.2.1'), '192.0.2.1');
  assert.equal(addressGroup('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
  assert.equal(addressGroup('2001:db8:1:2:ffff::'), '2001:db8:1:2::/64');
  assert.notEqual(addressGroup('2001:db8:1:3::1'), addressGroup('2001:db8:1:2::1'));
  assert.equal(addressGroup('::1'), '::/64');
  assert.equal(addressGroup('nonsense'), 'unknown');
});

describe('the client address', () => {
  const trusted = new AddressRanges(['10.0.0.0/8', '127.0.0.1', '2001:db8:f::/48', '::ffff:172.16.0.0/108']);
  const none = new AddressRanges([]);
  const cases: [
    name: string,
    peer: string,
    forwardedFor: string | undefined,
    client: string,
    ranges?: AddressRanges,
  ][] = [
    ['is the peer where nobody is trusted', '127.0.0.1', '192.0.2.1', '127.0.0.1', none],
    [
      'is the peer where it is not trusted, whatever the header says',
      '198.51.100.1',
      '10.0.0.1, 192.0.2.1',
      '198.51.100.1',
    ],
    ['is the peer where there is no header', '10.0.0.1', undefined, '10.0.0.1'],
    ['is the peer where the header is empty', '10.0.0.1', '', '10.0.0.1'],
    ['is what the proxy adds', '10.0.0.1', '192.0.2.1', '192.0.2.1'],
    [
      'is the first from the right that is not trusted',
      '10.0.0.1',
      '6.6.6.6, 192.0.2.1, 10.2.3.4,127.0.0.1',
      '192.0.2.1',
    ],
    ['is the leftmost where all are trusted', '10.0.0.1', '10.0.0.3,10.0.0.2', '10.0.0.3'],
    ['is the last one known before junk', '10.0.0.1', '192.0.2.1, junk, 10.0.0.2', '10.0.0.2'],
    ['is the last one known before nothing', '10.0.0.1', '192.0.2.1,', '10.0.0.1'],
    ['is canonical', '::ffff:10.0.0.1', '::FFFF:192.0.2.1', '192.0.2.1'],
    ['is read through trusted IPv6', '2001:db8:f:1::1', '2001:DB8::0:5', '2001:db8::5'],
    ['is read through a range of mapped addresses', '172.31.0.1', '192.0.2.1', '192.0.2.1'],
    ['is read without its port', '10.0.0.1', '192.0.2.1:4711', '192.0.2.1'],
    ['is read without brackets', '10.0.0.1', '[2001:db8::1]:4711', '2001:db8::1'],
    ['is unknown where there is no peer', 'unknown', '192.0.2.1', 'unknown'],
  ];
  for (const [name, peer, forwardedFor, client, ranges = trusted] of cases) {
    test(name, () => assert.equal(clientAddress({ peer, forwardedFor, trusted: ranges }), client));
  }

  test('is never one that the client wrote itself', () => {
    const forged = fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('10.0.0.9', 'junk', '')), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(forged, (entries) => {
        const forwardedFor = [...entries, '192.0.2.77', '10.0.0.2'].join(', ');
        assert.equal(clientAddress({ peer: '127.0.0.1', forwardedFor, trusted }), '192.0.2.77');
      }),
    );
  });

  test('takes no range that is none', () => {
    for (const range of ['10.0.0.0/33', 'junk', '10.0.0.0/x', ''])
      assert.throws(() => new AddressRanges([range]));
  });
});
