import { decodeBase64url } from './jose.ts'
import { correlationId, type CorrelationId, type NumericDate } from './names.ts'
import type { Connection, Random } from './ports.ts'

/** A new random UUID (version 4), by which one answer can be found again. RFC 9562 §5.4. */
export function newCorrelationId(random: Random): CorrelationId {
  const bytes = decodeBase64url(random(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  let uuid = ''
  for (const [index, byte] of bytes.entries()) {
    if (index === 4 || index === 6 || index === 8 || index === 10) uuid += '-'
    uuid += hex[byte] ?? ''
  }
  return correlationId(uuid)
}

/** Every byte in hex. */
const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** The interaction id a client sent, when it is a UUID; other values are not repeated anywhere. */
export function presentedInteractionId(headers: Connection['headers']): string | undefined {
  const value = headers.find(([name]) => name === 'x-fapi-interaction-id')?.[1]
  return value !== undefined && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value) ? value : undefined
}

/**
 * A new name for an event: the second it is made in, then 64 random bits, in hex. Names that grow with time lie together
 * in an index.
 */
export function newEventId(random: Random, now: NumericDate): string {
  let id = now.toString(16).padStart(10, '0')
  for (const byte of decodeBase64url(random(8))) id += hex[byte] ?? ''
  return id
}
