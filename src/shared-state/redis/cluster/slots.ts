/** How many slots the keys of a cluster are spread over. */
export const slotCount = 16_384;

/** The slot of a key or channel: of its hash tag, the first part in braces, where it has one. */
export function slotOf(key: string): number {
  const from = key.indexOf('{') + 1;
  const to = from === 0 ? -1 : key.indexOf('}', from);
  return crc16(Buffer.from(to > from ? key.slice(from, to) : key)) % slotCount;
}

/** CRC16 of XMODEM, by a table of what each byte becomes. */
const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
  return crc;
});

function crc16(bytes: Buffer): number {
  let crc = 0;
  for (const byte of bytes) crc = ((crc << 8) & 0xffff) ^ (table[(crc >> 8) ^ byte] ?? 0);
  return crc;
}
