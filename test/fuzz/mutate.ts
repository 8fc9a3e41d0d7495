/** Valid things with something broken in them, and things that never were valid. */

import { isJsonObject } from '../../src/core/names.ts'
import type { Draw } from './draw.ts'

/** Names that reach a prototype when a map is an object. */
const prototypes = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'a[__proto__][x]',
  '__proto__[x]',
]

/** Text that has broken parsers before. */
export const nasty: readonly string[] = [
  '',
  ' ',
  '\0',
  '\t',
  '\r\nX: y',
  '\n',
  '%00',
  '%',
  '%zz',
  '%ff',
  '%c0%af',
  '%2e%2e',
  '%252e',
  '\ud800',
  '\udfff',
  '\u202e',
  '\ufeff',
  '\u0130',
  '\u212a',
  '\u00df',
  '\u0301',
  '\u2028',
  '{}',
  '[]',
  'null',
  'true',
  '../../etc/passwd',
  "' or 1=1--",
  '<script>',
  '${7*7}',
  '1e999',
  '-1',
  '-0',
  '0x10',
  '9007199254740993',
  'NaN',
  '&',
  '&&',
  '=',
  '+',
  ';',
  ',',
  '#',
  '?',
  '\\',
  '"',
  ':',
  '.',
  '..',
  '/',
  '//',
  '@',
  '*',
  '&a ',
  '&x;',
  '!!js/function',
  ...prototypes,
]

/** Any text, most of it short. */
export function anyText(draw: Draw): string {
  switch (draw.below(8)) {
    case 0:
      return draw.pick(nasty)
    case 1:
      return draw.pick(nasty).repeat(draw.below(draw.once(20) ? 3000 : 20))
    case 2:
      return String.fromCharCode(...draw.some(40, () => draw.below(0x1_0000)))
    case 3:
      return String.fromCodePoint(...draw.some(20, () => draw.below(0x11_0000)))
    case 4:
      return draw.some(5, () => draw.pick(nasty)).join('')
    default:
      return String.fromCharCode(...draw.some(60, () => 0x20 + draw.below(0x5f)))
  }
}

/** A text with one to three things broken in it; now and then as it was, or another one altogether. */
export function mutatedText(draw: Draw, samples: readonly string[]): string {
  if (draw.once(12)) return anyText(draw)
  let text = draw.pick(samples)
  for (let left = draw.below(4); left > 0; left -= 1) text = brokenText(draw, text, samples)
  return text
}

function brokenText(draw: Draw, text: string, samples: readonly string[]): string {
  const at = draw.below(text.length + 1)
  const end = Math.min(text.length, at + draw.below(draw.once(3) ? text.length + 1 : 4))
  const [head, middle, tail] = [text.slice(0, at), text.slice(at, end), text.slice(end)]
  switch (draw.below(10)) {
    case 0:
      return head + tail
    case 1:
      return head + middle + middle + tail
    case 2:
      return head + draw.pick(nasty) + middle + tail
    case 3:
      return head + draw.pick(nasty) + tail
    case 4:
      return head
    case 5:
      return head + middle.toUpperCase() + tail
    case 6:
      return head + escaped(middle) + tail
    case 7:
      return head + String.fromCharCode(draw.below(0x80)) + tail
    case 8: {
      const other = draw.pick(samples)
      return head + other.slice(draw.below(other.length + 1))
    }
    default:
      return head + middle.split('').toReversed().join('') + tail
  }
}

function escaped(text: string): string {
  return [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
}

/** Bytes with one to three things broken in them. */
export function mutatedBytes(draw: Draw, samples: readonly Uint8Array[]): Uint8Array {
  if (draw.once(20)) return Uint8Array.from(draw.some(200, () => draw.below(256)))
  let bytes = Uint8Array.from(draw.pick(samples))
  for (let left = draw.below(4); left > 0; left -= 1) bytes = brokenBytes(draw, bytes)
  return bytes
}

function brokenBytes(draw: Draw, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const at = draw.below(bytes.length + 1)
  const end = Math.min(bytes.length, at + draw.below(5))
  switch (draw.below(6)) {
    case 0:
      return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(end)])
    case 1:
      return Uint8Array.from([...bytes.subarray(0, end), ...bytes.subarray(at)])
    case 2:
      return Uint8Array.from([...bytes.subarray(0, at), ...draw.some(6, () => draw.below(256)), ...bytes.subarray(at)])
    case 3:
      return bytes.slice(0, at)
    case 4:
      return bytes.map((byte, index) => (index === at ? byte ^ (1 << draw.below(8)) : byte))
    default:
      return bytes.map((byte, index) => (index === at ? draw.pick([0, 1, 0x7f, 0x80, 0x81, 0x84, 0xff]) : byte))
  }
}

/** Any JSON value. */
export function anyJson(draw: Draw, depth = 3): unknown {
  switch (draw.below(depth === 0 ? 6 : 9)) {
    case 0:
      return null
    case 1:
      return draw.once(2)
    case 2:
      return draw.pick([0, -1, 1.5, 1e308, -0, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER + 2, 2 ** 31, 1e-300])
    case 3:
      return draw.below(2_000_000_000)
    case 4:
    case 5:
      return anyText(draw)
    case 6:
      return draw.some(4, () => anyJson(draw, depth - 1))
    case 7:
      return Object.fromEntries(draw.some(4, () => [anyText(draw), anyJson(draw, depth - 1)]))
    default:
      return draw.once(4) ? nested(draw.below(200)) : { toString: 1, length: -1, $ne: null }
  }
}

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let left = depth; left > 0; left -= 1) value = left % 2 === 0 ? [value] : { a: value }
  return value
}

/** A JSON value with one to three members broken, wherever they are. */
export function mutatedJson(draw: Draw, samples: readonly unknown[]): unknown {
  if (draw.once(20)) return anyJson(draw)
  let value: unknown = structuredClone(draw.pick(samples))
  for (let left = draw.below(4); left > 0; left -= 1) value = brokenJson(draw, value, 6)
  return value
}

function brokenJson(draw: Draw, value: unknown, depth: number): unknown {
  if (Array.isArray(value) && depth > 0 && !draw.once(6)) return brokenList(draw, value, depth)
  if (isJsonObject(value) && depth > 0 && !draw.once(8)) return brokenObject(draw, value, depth)
  if (typeof value === 'string' && !draw.once(3)) return mutatedText(draw, [value])
  if (typeof value === 'number' && draw.once(2)) return value + draw.pick([1, -1, 0.5, 1e6, -1e10, 1e300])
  return anyJson(draw, 2)
}

function brokenList(draw: Draw, list: readonly unknown[], depth: number): unknown {
  const at = draw.below(list.length)
  switch (draw.below(5)) {
    case 0:
      return list.toSpliced(at, 1)
    case 1:
      return [...list, ...list.slice(at)]
    case 2:
      return list.toSpliced(at, 0, anyJson(draw, 1))
    case 3:
      return draw.once(4) ? Array.from({ length: 100 }, () => list[at]) : list.toReversed()
    default:
      return list.length === 0 ? [anyJson(draw, 1)] : list.with(at, brokenJson(draw, list[at], depth - 1))
  }
}

function brokenObject(draw: Draw, object: Readonly<Record<string, unknown>>, depth: number): unknown {
  const entries = Object.entries(object)
  if (entries.length === 0) return { [anyText(draw)]: anyJson(draw, 1) }
  const at = draw.below(entries.length)
  const [name = '', value] = entries[at] ?? []
  switch (draw.below(6)) {
    case 0:
      return Object.fromEntries(entries.toSpliced(at, 1))
    case 1:
      return Object.fromEntries([...entries, [draw.pick(nasty), anyJson(draw, 1)]])
    case 2:
      return Object.fromEntries(entries.with(at, [mutatedText(draw, [name]), value]))
    case 3:
      return Object.fromEntries(entries.with(at, [name, anyJson(draw, 2)]))
    default:
      return Object.fromEntries(entries.with(at, [name, brokenJson(draw, value, depth - 1)]))
  }
}

/** The text of a JSON value, some of it broken as text too: members that stand twice, other spellings, stray commas. */
export function jsonText(draw: Draw, value: unknown): string {
  const text = JSON.stringify(value) ?? 'null'
  switch (draw.below(8)) {
    case 0:
      return mutatedText(draw, [text])
    case 1:
      return text.replace('{', `{${JSON.stringify(draw.pick(nasty))}:1,${/"[^"]*":/.exec(text)?.[0] ?? '"a":'}2,`)
    case 2:
      return text.replaceAll(/[a-z]/g, (letter) =>
        draw.once(30) ? `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}` : letter,
      )
    case 3:
      return JSON.stringify(value, undefined, draw.below(3)) ?? 'null'
    default:
      return text
  }
}
