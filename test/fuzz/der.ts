/** DER with something broken in it that keeps its shape: elements dropped, doubled, retagged, lengths that lie. */

import type { Draw } from './draw.ts'

/** An element as it is written, which need not be how it should be. */
type Node = {
  readonly tag: number
  readonly content: Uint8Array | readonly Node[]
  /** How its length is written. */
  readonly length: 'shortest' | 'long' | 'indefinite' | 'one less' | 'one more' | 'huge'
}

const lengths = ['long', 'indefinite', 'one less', 'one more', 'huge'] as const

/** Takes bytes apart as far as they are DER; what is not stays as it is. */
function parse(bytes: Uint8Array): readonly Node[] | undefined {
  const nodes: Node[] = []
  let at = 0
  while (at < bytes.length) {
    const tag = bytes[at] ?? 0
    const first = bytes[at + 1] ?? 0xff
    const octets = first < 0x80 ? 0 : first - 0x80
    if (octets > 3) return undefined
    const long = bytes.subarray(at + 2, at + 2 + octets).reduce((sum, octet) => sum * 256 + octet, 0)
    const start = at + 2 + octets
    const end = start + (octets === 0 ? first : long)
    if (end > bytes.length) return undefined
    const content = bytes.subarray(start, end)
    const inner = (tag & 0x20) !== 0 || tag === 0x04 ? parse(content) : undefined
    nodes.push({ tag, content: inner ?? content, length: 'shortest' })
    at = end
  }
  return nodes
}

function write(nodes: readonly Node[]): Buffer {
  return Buffer.concat(
    nodes.map(({ tag, content, length }) => {
      const body = content instanceof Uint8Array ? content : write(content)
      return Buffer.concat([Buffer.from([tag, ...lengthOf(body.length, length)]), body])
    }),
  )
}

function lengthOf(bytes: number, how: Node['length']): readonly number[] {
  switch (how) {
    case 'shortest':
      if (bytes < 0x80) return [bytes]
      return bytes < 0x100 ? [0x81, bytes] : [0x82, bytes >> 8, bytes & 0xff]
    case 'long':
      return [0x83, 0, bytes >> 8, bytes & 0xff]
    case 'indefinite':
      return [0x80]
    case 'one less':
      return lengthOf(Math.max(0, bytes - 1), 'shortest')
    case 'one more':
      return lengthOf(bytes + 1, 'shortest')
    case 'huge':
      return [0x84, 0x7f, 0xff, 0xff, 0xff]
  }
}

const someTags = [0, 1, 2, 3, 4, 5, 6, 0x0c, 0x13, 0x16, 0x17, 0x18, 0x1e, 0x1f, 0x30, 0x31, 0x80, 0xa0, 0xa3, 0xbf]

/** DER with one to three of its elements broken. */
export function mutatedDer(draw: Draw, samples: readonly Uint8Array[]): Uint8Array {
  let nodes = parse(draw.pick(samples)) ?? []
  for (let left = draw.below(4); left > 0; left -= 1) nodes = broken(draw, nodes)
  return write(nodes)
}

function broken(draw: Draw, nodes: readonly Node[]): readonly Node[] {
  const at = draw.below(nodes.length)
  const node = nodes[at]
  if (node === undefined)
    return [{ tag: draw.pick(someTags), content: new Uint8Array(draw.below(4)), length: 'shortest' }]
  if (!(node.content instanceof Uint8Array) && !draw.once(5)) {
    return nodes.with(at, { ...node, content: broken(draw, node.content) })
  }
  switch (draw.below(7)) {
    case 0:
      return nodes.toSpliced(at, 1)
    case 1:
      return nodes.toSpliced(at, 0, node)
    case 2:
      return nodes.with(at, { ...node, tag: draw.once(2) ? draw.pick(someTags) : node.tag ^ (1 << draw.below(8)) })
    case 3:
      return nodes.with(at, { ...node, length: draw.pick(lengths) })
    case 4:
      return nodes.with(at, { ...node, content: Uint8Array.from(draw.some(20, () => draw.below(256))) })
    case 5:
      return nodes.toReversed()
    default:
      return nodes.with(at, { ...node, content: [node] })
  }
}
