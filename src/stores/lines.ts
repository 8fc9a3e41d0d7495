import type { Socket } from 'node:net'

/**
 * The lines a peer sends, without their ends; reading waits while a line is being dealt with.
 * @throws RangeError when a line is longer than `most` bytes
 */
export async function* linesOf(socket: Socket, most: number): AsyncGenerator<string, void, undefined> {
  let parts: Buffer[] = []
  let size = 0
  for await (const chunk of socket) {
    let rest = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))
    for (let end = rest.indexOf(LINE_FEED); end !== -1; end = rest.indexOf(LINE_FEED)) {
      if (size + end > most) throw new RangeError('a line is too long')
      yield Buffer.concat([...parts, rest.subarray(0, end)]).toString('utf8')
      rest = rest.subarray(end + 1)
      parts = []
      size = 0
    }
    size += rest.length
    if (size > most) throw new RangeError('a line is too long')
    parts.push(rest)
  }
}

const LINE_FEED = 0x0a
