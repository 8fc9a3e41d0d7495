import { keysOf } from '../../src/core/names.ts'
import { type RuleSlug, ruleOf, rules, steps } from '../../src/core/rules.ts'
import { attackNames } from './attack-names.ts'
import { page, table } from './markdown.ts'
import type { Proofs } from './proofs.ts'

const groups = [
  ['LV', 'Lock the vault', 'configuration, metadata, identities'],
  ['SK', 'Secure the keys', 'tokens, proofs, client credentials'],
  ['ER', 'Secure the escape routes', 'requests, redirects, codes, paths'],
  ['AL', 'Upgrade the alarm', 'guessing, floods, clocks, failures'],
] as const

/**
 * THREATS.md: which rules stop which attack, and what shows it.
 * @throws RangeError when an attack has no name
 */
export function threatsPage(proofs: Proofs): string {
  const slugs = keysOf(rules)
  const ids = [...new Set(slugs.flatMap((slug) => ruleOf(slug).attacks))].toSorted()
  return page(
    'Threats and what stops them',
    [
      'Attacks by their id in the attack catalogue, the rules that refuse them, where these are enforced, how many vectors show it, and the tests that name the rules.',
      `${ids.length} attacks are stopped by a named refusal.`,
    ],
    groups.flatMap(([prefix, title, about]) => [
      `## ${title}: ${about}`,
      table(
        ['Attack', 'What it is', 'Rules', 'Where', 'Vectors', 'Tests'],
        ids.filter((id) => id.startsWith(prefix)).map((id) => rowOf(id, slugs.filter(stops(id)), proofs)),
      ),
    ]),
  )
}

function stops(id: string) {
  return (slug: RuleSlug) => ruleOf(slug).attacks.includes(id)
}

function rowOf(id: string, stopping: readonly RuleSlug[], proofs: Proofs): readonly string[] {
  const name = attackNames[id]
  if (name === undefined) throw new RangeError(`attack ${id} has no name: scripts/generate/attack-names.ts`)
  const where = steps.filter((step) => stopping.some((slug) => ruleOf(slug).at.includes(step)))
  const vectors = stopping.reduce((sum, slug) => sum + vectorsOf(slug, proofs), 0)
  const tests = [...new Set(stopping.flatMap((slug) => proofs[slug].tests))].toSorted()
  return [
    id,
    name,
    stopping.map((slug) => `[${slug}](docs/refusals.md#${slug})`).join('<br>'),
    where.join(', '),
    String(vectors),
    tests.map((file) => `[${file}](${file})`).join('<br>'),
  ]
}

/** How many vectors of either kind expect the rule. */
function vectorsOf(slug: RuleSlug, proofs: Proofs): number {
  const { exchanges, artefacts } = proofs[slug]
  return [...Object.values(exchanges), ...Object.values(artefacts)].reduce((sum, count) => sum + count, 0)
}
