import { isKeyOf, keysOf } from '../../src/core/names.ts'
import { publicRefusal, type RuleSlug, ruleOf, rules, steps } from '../../src/core/rules.ts'
import { publicAnswers } from '../../src/core/rules/rule.ts'
import { attackNames } from './attack-names.ts'
import { code, page, table } from './markdown.ts'
import type { Proofs } from './proofs.ts'

/** docs/refusals.md: one section for each rule. */
export function refusalsPage(proofs: Proofs): string {
  const slugs = keysOf(rules)
  return page(
    'Refusals',
    [
      'Every refusal has a name. It stands in the member `rule` of the answer, in the log and in the audit, and here.',
      'Some refusals show callers a shared name, because telling them apart would tell a thief too much. The precise one is in the log, under the correlation id of the answer.',
    ],
    [
      '## Shared names',
      ...keysOf(publicAnswers).map((shared) => {
        const { sentence, hint } = publicAnswers[shared]
        const behind = slugs.filter((slug) => ruleOf(slug).publicSlug === shared)
        return `### ${shared}\n\n${sentence} ${hint}\n\nBehind it: ${behind.map(link).join(', ')}.`
      }),
      '## Rules',
      ...slugs.map((slug) => section(slug, proofs)),
    ],
  )
}

function link(slug: RuleSlug): string {
  return `[${slug}](#${slug})`
}

function section(slug: RuleSlug, proofs: Proofs): string {
  const { clause, rows, attacks, at, sentence, hint, publicSlug } = ruleOf(slug)
  const { error, status } = publicRefusal(slug)
  const { exchanges, artefacts } = proofs[slug]
  const proved = [
    ...steps
      .filter((step) => exchanges[step] !== undefined)
      .map((step) => file(`vectors/exchanges/${step}.json`, exchanges[step])),
    ...Object.entries(artefacts).map(([name, count]) => file(name, count)),
  ]
  const facts = [
    ['Callers see', publicSlug === undefined ? code(slug) : `[${publicSlug}](#${publicSlug})`],
    ['Error', `${code(error)}, status ${statusText(slug, status)}`],
    ['Clause', clause],
    ['Enforced at', at.join(', ')],
    ['Requirement rows', rows.join(', ')],
    ['Attack catalogue ids', attacks.length === 0 ? 'none' : attacks.map(attackText).join('; ')],
    ['Vectors', proved.join(', ')],
  ]
  return `### ${slug}\n\n${sentence}\n\n**What to do:** ${hint}\n\n${table(['', ''], facts)}`
}

function file(name: string, count: number | undefined): string {
  return `[${name.replace('vectors/', '')}](../${name}) (${count ?? 0})`
}

function attackText(id: string): string {
  return isKeyOf(attackNames, id) ? `${id}, ${attackNames[id]}` : id
}

/** A server answers a bad proof with 400, a resource with 401. RFC 9449 §5, §7.1. */
function statusText(slug: RuleSlug, status: number): string {
  const { error, at } = ruleOf(slug)
  const ofProof = error === 'invalid_dpop_proof' || error === 'use_dpop_nonce'
  if (!ofProof) return String(status)
  return at.some((step) => step === 'par' || step === 'token') ? `${status}, at userinfo and guard 401` : '401'
}
