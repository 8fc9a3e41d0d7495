/** Text that has broken parsers before. */

import fc from 'fast-check'

/** Names that reach a prototype when a map is an object. */
export const prototypes = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'a[__proto__][x]',
  '__proto__[x]',
]

/** Any text, and some that is worse. */
export const nasty = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '\u0000',
    '\r\nX: y',
    '%00',
    '%',
    '%zz',
    '%ff',
    '\ud800',
    '\u202e',
    '\ufeff',
    '{}',
    '[]',
    'null',
  ),
  fc.constantFrom(
    '../../etc/passwd',
    "' or 1=1--",
    '<script>',
    '${7*7}',
    'A'.repeat(5000),
    '1e999',
    '-1',
    ...prototypes,
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 80 }),
)
