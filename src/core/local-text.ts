/** Texts that people read, in the languages an operator has them in. */

/** One text for every language, or one each by language tag. BCP 47. */
export type LocalText = string | Readonly<Record<string, string>>

/**
 * The text in the first of the languages there is one in; in the first language it was written in otherwise. A tag is
 * met by itself and by its language alone: `de-AT` by `de`. RFC 4647 §3.4.
 */
export function inLanguage(
  text: LocalText,
  languages: readonly string[],
): { readonly text: string; readonly language: string | undefined } {
  if (typeof text === 'string') return { text, language: undefined }
  const entries = Object.entries(text)
  const found = languages.map((wanted) => lookUp(entries, wanted)).find((entry) => entry !== undefined) ?? entries[0]
  return { text: found?.[1] ?? '', language: found?.[0] }
}

function lookUp(entries: readonly (readonly [string, string])[], wanted: string) {
  const range = wanted.toLowerCase()
  const exact = entries.find(([tag]) => tag.toLowerCase() === range)
  return exact ?? entries.find(([tag]) => tag.toLowerCase() === range.split('-', 1)[0])
}
