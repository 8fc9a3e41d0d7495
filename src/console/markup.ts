import { html as template, raw } from 'hono/html'

/** A piece of HTML in which every value was escaped. */
export type Markup = ReturnType<typeof raw>

type Child = string | Markup | undefined | readonly Markup[]

/**
 * Template tag for HTML: every string is escaped, pieces of markup are nested as they are. Available at once, never a
 * promise.
 */
export function html(strings: TemplateStringsArray, ...values: Child[]): Markup {
  const result = template(strings, ...values)
  if (result instanceof Promise) throw new TypeError('a page waits for nothing')
  return result
}

/** Text of ours that needs no escaping, such as a stylesheet. Never for anything that came from outside. */
export function ownMarkup(text: string): Markup {
  return raw(text)
}

/** How many characters of a name are shown. */
const displayCharacters = 80

/**
 * A name from outside, fit to be read: one line, no control characters, nothing invisible, nothing that turns the
 * direction of what follows, no towers of combining marks, at most 80 characters. Still to be escaped.
 */
export function displayText(text: string): string {
  const readable = text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
    // Bidirectional controls, zero-width characters, fillers, tags, soft hyphens: whatever is drawn as nothing, but for
    // the joiners and variation selectors that some scripts are written with.
    .replaceAll(/[[\p{Cf}\p{Default_Ignorable_Code_Point}]--[\p{VS}\u200c\u200d]]/gv, '')
    .replaceAll(/(\p{M}{3})\p{M}+/gu, '$1')
    .replaceAll(/\s+/gu, ' ')
    .trim()
  if (/^[\s\u2800\u200c\u200d\p{VS}]*$/v.test(readable)) return ''
  const characters = Array.from(readable)
  return characters.length > displayCharacters ? `${characters.slice(0, displayCharacters).join('')}…` : readable
}

/** What somebody typed, less the characters that turn the direction of text: no user name holds them. UAX #9 §2. */
export function undirected(text: string): string {
  return text.replaceAll(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '')
}

/**
 * A value that is about to be allowed: whole, however long, for nobody may agree to what they do not see. What is
 * invisible, or would turn the direction of what follows, shows as a mark of its own. Still to be escaped.
 */
export function wholeText(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\t\n\r\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll(/\p{Cc}|(?![\u200c\u200d])\p{Cf}/gu, '\ufffd')
    .replaceAll(/(\p{M}{3})\p{M}+/gu, '$1\ufffd')
}
