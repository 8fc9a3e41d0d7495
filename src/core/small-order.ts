/**
 * Points of small order on edwards25519, as the encodings of their y coordinate without the sign bit, hex. A signature
 * under such a key verifies for messages nobody signed. RFC 8032 §5.1.7; RFC 7748 §6.1.
 */
const smallOrder: ReadonlySet<string> = new Set([
  `00${'00'.repeat(30)}00`,
  `01${'00'.repeat(30)}00`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  // p - 1, and p and p + 1, which are second spellings of 0 and 1.
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
])

/** Whether an Ed25519 public key (32 bytes) is a point of small order. */
export function isOfSmallOrder(point: Uint8Array): boolean {
  const withoutSign = Array.from(point, (byte, index) => (index === 31 ? byte & 0x7f : byte))
  return smallOrder.has(withoutSign.map((byte) => byte.toString(16).padStart(2, '0')).join(''))
}
