/** One theft: what the thief hoped for, and what became of it. */

import { html, type Markup, wholeText } from '../../console/markup.ts'
import { publicRefusal, ruleOf, type RuleSlug, rules } from '../../core/rules.ts'
import { type Consequence, type Theft, thefts } from '../thefts/index.ts'
import type { Fields } from '../trace.ts'
import { renderArtefact } from './bag-view.ts'
import type { Act, Keepsake } from './keepsake.ts'
import { badge, button, renderPage } from './page.ts'
import { drawSequence } from './picture.ts'
import { laneNames, rowsOf } from './sequence.ts'
import { shortened } from './shortened.ts'

/** What the page of a theft shows. */
export type TheftView = { readonly csrf: string; readonly theft: Theft; readonly result: Keepsake | undefined }

/** The page of a theft. */
export function renderTheft({ csrf, theft, result }: TheftView): string {
  const index = thefts.findIndex(({ id }) => id === theft.id)
  const content = result === undefined ? html`<p>Nobody has tried it in this browser yet.</p>` : renderResult(result)
  return renderPage(
    theft.title,
    html`<p class="crumbs"><a href="/heist#theft-${theft.id}">All thefts</a> <span class="soft">${String(index + 1)} of ${String(thefts.length)}</span></p>
<h1>${theft.title}</h1>
<p class="lede"><span class="soft">The thief hopes:</span> ${theft.hope}</p>
${content}
${renderButtons({ csrf, theft, result }, thefts[index + 1])}
${renderNeighbours(thefts[index - 1], thefts[index + 1])}`,
  )
}

/** This one once more, and the next one without a detour. */
function renderButtons({ csrf, theft, result }: TheftView, next: Theft | undefined): Markup {
  const own = { action: `/heist/thefts/${theft.id}`, about: theft.title }
  if (result === undefined) return button(own.action, csrf, 'Try it', { look: 'alarm', about: own.about })
  const label = result.verdict === 'untried' ? 'Try once more' : 'Try it again'
  const onward =
    next === undefined
      ? undefined
      : button(`/heist/thefts/${next.id}`, csrf, 'Try the next one', { look: 'alarm', about: next.title })
  return html`<div class="actions">${onward}${button(own.action, csrf, label, { look: 'plain', about: own.about })}</div>`
}

function renderResult(result: Keepsake): Markup {
  if (result.verdict === 'untried') {
    return html`<div class="verdict odd" role="alert"><p class="stamp">${badge(result)}</p>
<p>Something else went wrong before the thief could begin: <code>${wholeText(result.failure ?? '')}</code></p>
<p>This says nothing about the servers. Try it once more.</p></div>`
  }
  return html`${renderVerdict(result)}
${renderPicture(result)}
${renderRefusal(result)}
${renderAfterwards(result)}
${renderArtefacts(result)}
${renderRaw(result)}`
}

function renderVerdict(result: Keepsake): Markup {
  const { verdict, incident, theft, status } = result
  if (verdict === 'refused') {
    const { sentence } = ruleOf(theft.expected)
    return html`<div class="verdict good" role="status"><p class="stamp">${badge(result)} <span class="status">${String(status)}</span></p>
<p class="rule"><code>${theft.expected}</code></p>
<p>${sentence}</p></div>`
  }
  const wrong =
    verdict === 'succeeded'
      ? html`<p><strong>The theft succeeded.</strong> The thief was answered ${String(status)}, and ${theft.expected} should have refused it. This is a bug in Strongroom. Please report it.</p>`
      : html`<p>It was refused, but by <code>${incident?.rule ?? 'no rule that is known here'}</code> where <code>${theft.expected}</code> was expected. This is a bug in Strongroom. Please report it.</p>`
  return html`<div class="verdict bad" role="alert"><p class="stamp">${badge(result)} <span class="status">${String(status)}</span></p>${wrong}</div>`
}

function renderPicture(result: Keepsake): Markup {
  const rows = rowsOf(result)
  const sentences = rows.flatMap((row) => (row.kind === 'arrow' ? [html`<li>${row.sentence}</li>`] : []))
  const about = {
    title: `What went over the wire: ${result.theft.title}`,
    desc: rows.flatMap((row) => (row.kind === 'arrow' ? [row.sentence] : [])).join(' '),
  }
  return html`<figure>
${drawSequence(rows, about)}
<figcaption><details><summary>The same in words</summary><ol>${sentences}</ol></details></figcaption>
</figure>`
}

const places: Readonly<Record<string, string>> = {
  par: 'The authorization server, where apps push their requests',
  authorization: 'The authorization server, where browsers arrive',
  interaction: 'The authorization server, at its sign-in page',
  decision: 'The authorization server, at the decision',
  token: 'The authorization server, where tokens are given out',
  introspection: 'The authorization server, where APIs ask about tokens',
  guard: 'The guard in front of the bank; the bank itself never heard of it',
}

function renderRefusal({ incident, theft, acts }: Keepsake): Markup {
  const rule = incident?.rule
  if (incident === undefined || !isRule(rule)) return html``
  const { clause, attacks, sentence, hint } = ruleOf(rule)
  const told = publicRefusal(rule)
  const isWithheld = theft.told !== undefined
  const words = isWithheld
    ? html`<dt>The thief was told</dt><dd><code>${theft.told ?? ''}</code>, and nothing else: no error, no reason, nothing to learn from.</dd>`
    : html`<dt>The thief was told</dt><dd><code>${told.slug}</code> ${told.sentence}</dd><dt>And advised</dt><dd>${told.hint}</dd>`
  const isHidden = isWithheld || told.slug !== rule
  const precise = isHidden
    ? html`<dt>The operator sees</dt><dd><code>${rule}</code> ${sentence} ${isWithheld ? undefined : 'Telling the thief as much would tell too much: several refusals share one answer.'}</dd>${isWithheld ? undefined : html`<dt>An honest app would</dt><dd>${hint}</dd>`}`
    : undefined
  const who = acts.find(({ end }) => end === 'stopped')
  return html`<section aria-labelledby="refusal"><h2 id="refusal">The refusal</h2>
<dl class="facts">${words}${precise}
<dt>Who refused</dt><dd>${placeOf(incident.step, who)}</dd>
<dt>By the book</dt><dd>${clause}</dd>
<dt>Attacks it answers</dt><dd>${[...attacks].join(', ')}</dd>
<dt>In the log under</dt><dd><code>${incident.correlationId}</code></dd>
<dt>Read more</dt><dd><code>docs/refusals.md#${rule}</code></dd>
</dl></section>`
}

function placeOf(step: string, act: Act | undefined): string {
  const place = Object.hasOwn(places, step) ? places[step] : undefined
  return place ?? (act === undefined ? step : `${laneNames[act.to]}, at ${step}`)
}

function isRule(slug: string | undefined): slug is RuleSlug {
  return slug !== undefined && Object.hasOwn(rules, slug)
}

function renderAfterwards({ consequences, honest, whose, acts }: Keepsake): Markup {
  const status = acts.findLast(({ part }) => part === 'honest')?.status
  const last = { name: honestWords[whose ?? 'person'], ok: honest.ok, detail: honestDetail(status, honest.detail) }
  const entries = [...consequences.map(readable), last]
  return html`<section aria-labelledby="afterwards"><h2 id="afterwards">And the honest call, right after</h2>
<ul class="afterwards">${entries.map(
    ({ name, ok, detail }) =>
      html`<li class="${ok ? 'good' : 'bad'}"><span>${name}</span> <span class="detail">${ok ? '' : 'failed: '}${wholeText(detail)}</span></li>`,
  )}</ul></section>`
}

function readable({ name, ...rest }: Consequence): Consequence {
  return { ...rest, name: `${name.slice(0, 1).toUpperCase()}${name.slice(1)}` }
}

function honestDetail(status: number | undefined, detail: string): string {
  if (status === undefined) return detail
  return detail.startsWith('status ') ? String(status) : `${status}: ${detail}`
}

const honestWords = {
  visitor: 'Tally reads your accounts as if nothing had happened',
  person: 'Tally reads Alice’s accounts as if nothing had happened',
  machine: 'Ledger reads its statements as if nothing had happened',
} as const

function renderArtefacts({ artefacts, whose }: Keepsake): Markup {
  const from = {
    visitor: 'Captured from your own connection, a moment before the theft.',
    person: 'Captured from Alice, who connected her bank for this theft alone.',
    machine: 'Captured from Ledger, the machine, a moment before the theft.',
  }[whose ?? 'person']
  const content =
    artefacts.length === 0
      ? html`<p>Nothing but nerve: this one works with what anybody knows.</p>`
      : html`<p>${from}</p><div class="bag">${artefacts.map((artefact, index) => renderArtefact(artefact, `loot-${index}`))}</div>`
  return html`<section class="loot" aria-labelledby="loot"><h2 id="loot">What the thief had in the bag</h2>${content}</section>`
}

function renderRaw({ acts }: Keepsake): Markup {
  return html`<details class="raw"><summary>The exchange, word for word</summary>
<p class="soft">Whatever is as long as a secret is shortened.</p>
${acts.map(renderAct)}</details>`
}

function renderAct({ from, to, method, url, request, status, answer }: Act): Markup {
  const asked = [`${method} ${shortened(url)}`, ...linesOf(request.headers), '', shortened(request.body)]
  const answered = [String(status ?? 'no answer'), ...linesOf(answer.headers), '', shortened(answer.body)]
  return html`<h3>${laneNames[from]} to ${laneNames[to]}</h3>
<pre tabindex="0" aria-label="Request">${wholeLines(asked)}</pre>
<pre tabindex="0" aria-label="Answer">${wholeLines(answered)}</pre>`
}

function linesOf(fields: Fields): readonly string[] {
  return fields.map(([name, value]) => `${name}: ${shortened(value)}`)
}

function wholeLines(lines: readonly string[]): string {
  return lines
    .flatMap((line) => line.split('\n'))
    .map(wholeText)
    .join('\n')
    .trimEnd()
}

function renderNeighbours(before: Theft | undefined, next: Theft | undefined): Markup {
  const link = (theft: Theft | undefined, rel: 'prev' | 'next', label: string) =>
    theft === undefined
      ? undefined
      : html`<a rel="${rel}" href="/heist/thefts/${theft.id}"><span class="soft">${label}</span> ${theft.title}</a>`
  return html`<nav class="neighbours" aria-label="Other thefts">${link(before, 'prev', 'Before')}${link(next, 'next', 'Next')}</nav>`
}
