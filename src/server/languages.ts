import type { Connection } from '../core/ports.ts'
import { headerValues } from './call.ts'

/** How many languages of a browser or a client are looked at. */
const most = 16

/**
 * The languages a person reads, best first: those the client names, then those of the browser. What is no language tag is
 * passed over. OIDC Core §3.1.2.1 (ui_locales); RFC 9110 §12.5.4.
 */
export function languagesOf(connection: Connection, uiLocales: readonly string[] = []): readonly string[] {
  const ranges = headerValues(connection, 'accept-language').join(',').split(',', most).map(weigh)
  const wanted = ranges.filter(({ weight }) => weight > 0).toSorted((one, other) => other.weight - one.weight)
  return [...uiLocales, ...wanted.map(({ tag }) => tag)].filter(isTag).slice(0, most)
}

function weigh(range: string): { readonly tag: string; readonly weight: number } {
  const [tag = '', ...parameters] = range.split(';').map((part) => part.trim())
  const quality = parameters.find((parameter) => parameter.startsWith('q='))
  const weight = quality === undefined ? 1 : Number(quality.slice(2))
  return { tag, weight: Number.isFinite(weight) ? weight : 0 }
}

function isTag(text: string): boolean {
  return /^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}$/.test(text)
}
