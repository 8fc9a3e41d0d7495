/** The configurations in docs/proxies.md, which are what the tests run. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

const page = readFileSync(new URL('../../docs/proxies.md', import.meta.url), 'utf8')

/** The one block of a language in the part under a heading; before the first heading when there is none. */
export function blockOf(heading: string | undefined, language: string): string {
  const [before = '', ...parts] = page.split(/^## /m)
  const part = heading === undefined ? before : parts.find((text) => text.startsWith(`${heading}\n`))
  assert.ok(part !== undefined, `docs/proxies.md has a part "${heading}"`)
  const blocks = [...part.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter(([, name]) => name === language)
  assert.equal(blocks.length, 1, `the part "${heading}" has one block of ${language}`)
  return blocks[0]?.[2] ?? ''
}

/** What `strongroom.yaml` has behind this proxy: the last block of YAML in its part. */
export function mutualTlsOf(heading: string): string {
  const part = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`))
  const block = [...(part ?? '').matchAll(/^```yaml\n(mtls:\n.*?)^```$/gms)].at(-1)?.[1]
  assert.ok(block !== undefined, `the part "${heading}" tells what to put under mtls`)
  return block
}

/**
 * The text with what differs on this machine in place; each must be there to be replaced. All at once: what was put in,
 * a port perhaps, may look like what is still to be replaced.
 */
export function fitted(text: string, replacements: Readonly<Record<string, string>>): string {
  for (const from of Object.keys(replacements)) assert.ok(text.includes(from), `"${from}" is in the configuration`)
  const names = Object.keys(replacements).map((from) => from.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&'))
  return text.replaceAll(new RegExp(names.join('|'), 'g'), (found) => replacements[found] ?? found)
}
