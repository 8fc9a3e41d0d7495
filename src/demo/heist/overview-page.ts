/** The page that lays out everything: what the thief has, and what can be tried with it. */

import { html, type Markup } from '../../console/markup.ts'
import { type Chapter, chapters, type Theft, thefts } from '../thefts/index.ts'
import { type Artefact } from './bag.ts'
import { renderArtefact, renderHints } from './bag-view.ts'
import type { Keepsake } from './keepsake.ts'
import { badge, button, renderPage } from './page.ts'
import { vaultDoor } from './vault-door.ts'

/** What the overview shows. */
export type OverviewView = {
  readonly csrf: string
  /** Whose connection the token is stolen from. */
  readonly connection: 'of_visitor' | 'of_alice'
  readonly bag: readonly Artefact[]
  readonly results: ReadonlyMap<string, Keepsake>
}

/** The overview. */
export function renderOverview(view: OverviewView): string {
  return renderPage(
    'Try a heist',
    html`<div class="hero">
<div>
<h1>Try a heist</h1>
<p class="lede">Today you are the thief. You have been lucky: a log on a train, a careless proxy, a look over somebody’s shoulder. You hold real tokens, real codes, real proofs. Go and get the money.</p>
<p>${String(thefts.length)} thefts, one click each. Every one is a real exchange with the servers of this demo, and right after it the honest app makes its honest call.</p>
<div class="actions">${button('/heist/all', view.csrf, 'Try all of them')}${renderScore(view)}</div>
</div>
${vaultDoor()}
</div>
${renderLoot(view)}
${chapters.map((chapter) => renderChapter(chapter, view))}`,
  )
}

function renderScore({ results }: OverviewView): Markup | undefined {
  if (results.size === 0) return undefined
  const refused = [...results.values()].filter(({ verdict }) => verdict === 'refused').length
  const cells = thefts.map(({ id }) => html`<i class="${lookOf(results.get(id))}"></i>`)
  return html`<p class="score"><span class="cells" aria-hidden="true">${cells}</span> <span>${String(results.size)} of ${String(thefts.length)} tried, ${String(refused)} refused as they should be.</span></p>`
}

function lookOf(result: Keepsake | undefined): string {
  if (result === undefined) return ''
  return result.verdict === 'refused' ? 'good' : 'bad'
}

function renderLoot({ csrf, connection, bag }: OverviewView): Markup {
  const whose =
    connection === 'of_visitor'
      ? html`<p>You have connected your bank to Tally. So it is your own token and proof that are stolen here; the code and the request come from Alice, who connects for the occasion.</p>`
      : html`<p>You have not connected a bank to Tally, so Alice, a customer of the demo, is robbed in your place. <a href="/">Connect first</a>, and it is your own token that is stolen.</p>`
  const content =
    bag.length === 0
      ? html`${renderHints()}${button('/heist/loot', csrf, 'Read along and fill the bag')}`
      : html`<div class="bag">${bag.map((artefact, index) => renderArtefact(artefact, `bag-${index}`))}</div>
<p class="soft">All of this is real, and from a moment ago. Each theft below steals afresh, so that nothing fails only for being old.</p>
${button('/heist/loot', csrf, 'Steal a fresh set', { look: 'plain' })}`
  return html`<section class="loot" id="loot" aria-labelledby="loot-title">
<h2 id="loot-title">Your loot</h2>
${whose}
${content}
</section>`
}

function renderChapter({ id, title, lede, thefts: own }: Chapter, view: OverviewView): Markup {
  return html`<section class="chapter" aria-labelledby="chapter-${id}">
<h2 id="chapter-${id}">${title}</h2>
<p class="lede">${lede}</p>
<ul class="cards">${own.map((theft) => renderCard(theft, view))}</ul>
</section>`
}

function renderCard({ id, title, hope }: Theft, { csrf, results }: OverviewView): Markup {
  const result = results.get(id)
  const outcome =
    result === undefined
      ? undefined
      : html`<p class="outcome">${badge(result)} <a href="/heist/thefts/${id}">How it went<span class="unseen">: ${title}</span></a></p>`
  const label = result === undefined ? 'Try it' : 'Try again'
  return html`<li class="card" id="theft-${id}">
<h3>${title}</h3>
<p><span class="soft">The thief hopes:</span> ${hope}</p>
${outcome}
${button(`/heist/thefts/${id}`, csrf, label, { look: result === undefined ? 'alarm' : 'plain', about: title })}
</li>`
}
