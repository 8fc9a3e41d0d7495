import type { IncomingMessage } from 'node:http'

const nothing = new Uint8Array(0)

/**
 * Reads a request's body from the socket: `too_large` as soon as more than `most` bytes are announced or have come,
 * `aborted` when it breaks off or is not complete within `timeoutMs`. A body of one chunk is not copied.
 */
export function readRequestBody(
  incoming: IncomingMessage,
  most: number,
  timeoutMs: number,
): Promise<Uint8Array | 'too_large' | 'aborted'> {
  if (incoming.destroyed && !incoming.complete) return Promise.resolve('aborted')
  if (Number(incoming.headers['content-length'] ?? 0) > most) return Promise.resolve('too_large')
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let length = 0
    const settle = (outcome: Uint8Array | 'too_large' | 'aborted') => {
      clearTimeout(timer)
      incoming.off('data', take).off('end', end).off('error', broken).off('close', broken)
      resolve(outcome)
    }
    const take = (chunk: Buffer) => {
      length += chunk.length
      if (length > most) {
        incoming.pause()
        return settle('too_large')
      }
      chunks.push(chunk)
    }
    const end = () => {
      const [first, ...more] = chunks
      settle(more.length > 0 ? Buffer.concat(chunks, length) : (first ?? nothing))
    }
    const broken = () => settle('aborted')
    const timer = setTimeout(broken, timeoutMs)
    incoming.on('data', take).on('end', end).on('error', broken).on('close', broken)
  })
}
