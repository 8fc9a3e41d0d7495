import { keysOf } from '../../src/core/names.ts'
import { publicRefusal, type RuleSlug, ruleOf, rules, type Step, steps } from '../../src/core/rules.ts'
import { code, page, table } from './markdown.ts'
import type { Proofs } from './proofs.ts'

/** STEPS.md: which rule is enforced where, and how many vectors prove it there. */
export function stepsPage(proofs: Proofs): string {
  const slugs = keysOf(rules)
  const pairs = slugs.flatMap((slug) => ruleOf(slug).at.map((at) => proofs[slug].exchanges[at] ?? 0))
  const proved = pairs.filter((count) => count > 0).length
  return page(
    'Steps and rules',
    [
      'Every refusal and where it is enforced, in the order a request meets the rules. A number says how many exchange vectors (`vectors/exchanges`) prove the rule at that step; `–` would mark a place without one.',
      `${slugs.length} rules at ${pairs.length} places, ${proved} of them proved by a vector.`,
    ],
    [
      table(
        ['Rule', 'Callers see', 'Error', 'Clause', ...steps],
        slugs.map((slug) => [
          `[${slug}](docs/refusals.md#${slug})`,
          publicName(slug),
          errorOf(slug),
          ruleOf(slug).clause,
          ...steps.map((step) => cell(slug, step, proofs)),
        ]),
      ),
    ],
  )
}

function publicName(slug: RuleSlug): string {
  const { publicSlug } = ruleOf(slug)
  return publicSlug === undefined ? 'the same' : code(publicSlug)
}

function errorOf(slug: RuleSlug): string {
  const { error, status } = publicRefusal(slug)
  return `${code(error)}, ${status}`
}

function cell(slug: RuleSlug, step: Step, proofs: Proofs): string {
  if (!ruleOf(slug).at.includes(step)) return ''
  return String(proofs[slug].exchanges[step] ?? '–')
}
