/** Texts that people read, as an operator writes them: one for all, or one for each language. */

import * as v from 'valibot'
import { isLanguageTag } from '../../console/look.ts'

const words = (most: number) =>
  v.pipe(
    v.string('must be a text'),
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
