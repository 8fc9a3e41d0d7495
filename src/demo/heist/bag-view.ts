/** The loot, as the pages lay it out. */

import { html, type Markup, wholeText } from '../../console/markup.ts'
import type { JsonObject } from '../../core/names.ts'
import { type Artefact, lootWords, meaningOf } from './bag.ts'
import { shortened } from './shortened.ts'

/** What is in the bag of every thief, before anything is in it. */
export function renderHints(): Markup {
  const kinds = ['access_token', 'dpop_proof', 'authorization_code', 'request_uri', 'callback_url'] as const
  return html`<dl class="hints">${kinds.map((kind) => {
    const { name, what } = lootWords[kind]
    return html`<div><dt>${name}</dt><dd>${what}</dd></div>`
  })}</dl>`
}

/** One stolen thing: short at first, whole on demand. */
export function renderArtefact({ kind, value, opened }: Artefact, id: string): Markup {
  const { name, what, catch: snag } = lootWords[kind]
  return html`<article class="artefact" aria-labelledby="${id}">
<h3 id="${id}">${name}</h3>
<p><code class="value">${shortened(value)}</code></p>
<p>${what} <em>${snag}</em></p>
<details><summary>See it whole<span class="unseen">: ${name}</span></summary>
<p><code class="value">${wholeText(value)}</code></p>
${opened === undefined ? undefined : renderOpened(opened)}
</details>
</article>`
}

function renderOpened({ header, claims }: NonNullable<Artefact['opened']>): Markup {
  return html`<p>Anybody who holds it can read it. Changing it is what nobody can: the third part is a signature.</p>
<p class="label">Header</p>${renderJson(header)}
<p class="label">Claims</p>${renderJson(claims)}`
}

function renderJson(json: JsonObject): Markup {
  return html`<dl class="claims">${Object.entries(json).map(([name, value]) => {
    const meaning = meaningOf(name)
    const words = meaning === undefined ? undefined : html`<span class="meaning">${meaning}</span>`
    return html`<div><dt><code>${wholeText(name)}</code></dt><dd><code>${wholeText(JSON.stringify(value))}</code>${words}</dd></div>`
  })}</dl>`
}
