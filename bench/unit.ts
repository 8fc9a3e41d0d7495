/** The unit of all costs: one ES256 verification on this machine, now. */

import { generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto'
import { median } from './statistics.ts'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const data = Buffer.from(randomBytes(300).toString('base64url'))
const signature = sign('sha256', data, privateKey)

/**
 * What one synchronous `crypto.verify` of a DER signature with a ready KeyObject costs, in microseconds of CPU: the
 * median of five batches of a thousand.
 */
export function measureUnit(): number {
  return median(Array.from({ length: 5 }, batch))
}

function batch(): number {
  const before = process.cpuUsage()
  for (let count = 0; count < 1000; count += 1) {
    if (!verify('sha256', data, publicKey, signature)) throw new Error('the signature is not right')
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
