/** All thefts, one after the other: the page grows as they are tried. */

import { html, type Markup } from '../../console/markup.ts'
import { thefts } from '../thefts/index.ts'
import type { Keepsake } from './keepsake.ts'
import { badge, button, pageEnd, pageStart, ruleName } from './page.ts'
import type { Tour } from './visitors.ts'

/** The page, as it comes to be. Whoever leaves early stops nothing. */
export function tourPage(csrf: string, tour: Tour | undefined): ReadableStream<Uint8Array> {
  return ReadableStream.from(encoded(tour === undefined ? invitation(csrf) : story(csrf, tour)))
}

async function* encoded(parts: AsyncIterable<string> | Iterable<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  for await (const part of parts) yield encoder.encode(part)
}

function* invitation(csrf: string): Generator<string> {
  yield pageStart('All thefts')
  yield html`<h1>All of them</h1>
<p class="lede">${String(thefts.length)} thefts, one after the other, each followed by an honest call. It takes a few seconds.</p>
${button('/heist/all', csrf, 'Try all of them')}`.toString()
  yield pageEnd()
}

async function* story(csrf: string, tour: Tour): AsyncGenerator<string> {
  yield pageStart('All thefts')
  yield html`<p class="crumbs"><a href="/heist">All thefts</a></p>
<h1>All of them</h1>
<p class="lede">One after the other, each followed by an honest call. This list grows by itself; nothing needs to be pressed.</p>
`.toString()
  // A list is an ordered one here: the order is the one they were tried in.
  yield '<ol class="tour">\n'
  let shown = 0
  for (;;) {
    const { changed, state } = tour
    for (const result of tour.done.slice(shown)) yield renderEntry(result).toString()
    shown = tour.done.length
    if (state === 'over') break
    await changed.promise
  }
  yield '</ol>\n'
  yield renderSummary(csrf, tour).toString()
  yield pageEnd()
}

function renderEntry(result: Keepsake): Markup {
  const { theft, status, honest } = result
  const calm = honest.ok ? 'honest call: fine' : 'honest call: FAILED'
  return html`<li>${badge(result)} <a href="/heist/thefts/${theft.id}">${theft.title}</a> <span class="detail"><code>${String(status)} ${ruleName(result)}</code> <span class="soft">${calm}</span></span></li>
`
}

function renderSummary(csrf: string, { done }: Tour): Markup {
  const refused = done.filter(({ verdict }) => verdict === 'refused').length
  const fine = done.filter(({ honest }) => honest.ok).length
  const isAll = refused === thefts.length && fine === thefts.length
  const words = isAll
    ? 'Nothing was stolen, and nobody honest was disturbed. That is the whole idea.'
    : 'That is not how it should be. Look at the entries that are marked.'
  return html`<div class="verdict ${isAll ? 'good' : 'bad'}" role="status"><p><strong>${String(refused)} of ${String(thefts.length)} thefts refused as they should be; ${String(fine)} of ${String(thefts.length)} honest calls went through.</strong></p><p>${words}</p></div>
<div class="actions">${button('/heist/all', csrf, 'Try all of them again', { look: 'plain' })}<a class="button" href="/heist">Back to the heist</a></div>`
}
