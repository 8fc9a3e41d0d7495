/** Texts as an operator writes them; those that people read are one for all, or one for each language. */

import * as v from 'valibot'
import { isLanguageTag } from '../../console/look.ts'

/** Any text. */
export const aText = v.string('must be a text')

/** One line of text, with nothing in it that nobody sees. */
export const words = (most: number) =>
  v.pipe(
    aText,
    v.check((text) => text.trim() !== '' && text.length <= most, `must have 1 to ${most} characters`),
    v.check((text) => !/[\p{Cc}\p{Cf}]/u.test(text), 'must not hold control characters'),
  )

const tag = v.pipe(v.string(), v.check(isLanguageTag, 'must be a language tag such as de-AT'))

/** One text, or one for each language. */
export const localText = (most: number) =>
  v.union(
    [
      words(most),
      v.pipe(
        v.record(tag, words(most)),
        v.check((texts) => Object.keys(texts).length > 0, 'must have a text'),
      ),
    ],
    `must be a text of 1 to ${most} characters, or one for each language tag`,
  )
