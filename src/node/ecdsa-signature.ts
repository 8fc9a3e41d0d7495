/**
 * The two spellings of an ECDSA P-256 signature: R‖S of 64 bytes as JWS has it (RFC 7518 §3.4), and the DER sequence
 * that OpenSSL takes, with which signing and verifying is cheapest.
 */

const half = 32
const sequenceTag = 0x30
const integerTag = 0x02

/** The DER form, or undefined when this is not 64 bytes or one half is zero. Bytes in, bytes out. */
export function derFromRaw(raw: Uint8Array): Uint8Array | undefined {
  if (raw.length !== 2 * half) return undefined
  const r = integerStart(raw, 0)
  const s = integerStart(raw, half)
  if (r === half || s === 2 * half) return undefined
  const rPad = (raw[r] ?? 0) >> 7
  const sPad = (raw[s] ?? 0) >> 7
  const rLength = half - r + rPad
  const sLength = 2 * half - s + sPad
  // A zero byte keeps an integer with its top bit set positive: the array starts out zero.
  const der = new Uint8Array(6 + rLength + sLength)
  der[0] = sequenceTag
  der[1] = 4 + rLength + sLength
  der[2] = integerTag
  der[3] = rLength
  der.set(raw.subarray(r, half), 4 + rPad)
  der[4 + rLength] = integerTag
  der[5 + rLength] = sLength
  der.set(raw.subarray(s), 6 + rLength + sPad)
  return der
}

/** Where the integer of 32 bytes that begins at `from` has its first byte that is not zero. */
function integerStart(raw: Uint8Array, from: number): number {
  let start = from
  while (start < from + half && raw[start] === 0) start += 1
  return start
}

/**
 * R‖S from the DER form that OpenSSL made.
 * @throws SyntaxError when it is not the DER form of a P-256 signature.
 */
export function rawFromDer(der: Uint8Array): Uint8Array {
  const rLength = der[3] ?? 0
  const sLength = der[5 + rLength] ?? 0
  const isSignature =
    der[0] === sequenceTag &&
    der[1] === der.length - 2 &&
    der[2] === integerTag &&
    der[4 + rLength] === integerTag &&
    der.length === 6 + rLength + sLength &&
    fits(rLength, der[4]) &&
    fits(sLength, der[6 + rLength])
  if (!isSignature) throw new SyntaxError('not a P-256 signature')
  const raw = new Uint8Array(2 * half)
  const r = der.subarray(4, 4 + rLength)
  const s = der.subarray(6 + rLength)
  raw.set(rLength > half ? r.subarray(1) : r, Math.max(0, half - rLength))
  raw.set(sLength > half ? s.subarray(1) : s, half + Math.max(0, half - sLength))
  return raw
}

function fits(length: number, first: number | undefined): boolean {
  return (length >= 1 && length <= half) || (length === half + 1 && first === 0)
}
