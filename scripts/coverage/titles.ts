/** What the title of a test names: rows and attacks in square brackets, rules by their slugs. */

import type { Catalogue } from './catalogue.ts'

/** The most rows a title may name. A test of more shows none of them well. */
export const mostRows = 2

/** What one title names. */
export type Named = {
  readonly rows: readonly string[]
  readonly attacks: readonly string[]
  /** Slugs, and prefixes that end in `_*`. */
  readonly words: readonly string[]
}

/** A reader of titles, which knows an id by the beginnings of those in the catalogues. */
export function titleReader({ requirements, attacks }: Pick<Catalogue, 'requirements' | 'attacks'>) {
  const rowPattern = patternOf(requirements.map(({ id }) => id))
  const attackPattern = patternOf(attacks)
  return (title: string): Named => {
    const brackets = [...title.matchAll(/\[([^[\]]*)\]/g)].map(([, text]) => text ?? '').join(' ')
    return {
      rows: [...new Set(brackets.match(rowPattern) ?? [])],
      attacks: [...new Set(brackets.match(attackPattern) ?? [])],
      words: title.split(/[^a-z0-9_*]+/),
    }
  }
}

function patternOf(ids: readonly string[]): RegExp {
  const beginnings = [...new Set(ids.map((id) => id.replace(/-\d+$/, '')))]
  return new RegExp(`\\b(?:${beginnings.join('|')})-\\d{2}\\b`, 'g')
}

/** Whether a title names a rule. */
export function namesRule({ words }: Named, slug: string): boolean {
  return words.some((word) => word === slug || (/^[a-z0-9_]+_\*$/.test(word) && slug.startsWith(word.slice(0, -1))))
}
