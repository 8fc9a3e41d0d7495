import type { ErrorView } from '../server/pages.ts'
import { renderPage } from './layout.ts'
import { html } from './markup.ts'

/** A refusal nobody can be sent back with: what happened, what to do, and how the operator finds it. Leads nowhere. */
export function renderError({ refusal, correlationId }: ErrorView): string {
  return renderPage(
    'Refused',
    html`<h1>${refusal.sentence}</h1>
<p>${refusal.hint}</p>
<dl>
<dt>Reason</dt><dd><code dir="ltr">${refusal.slug}</code></dd>
<dt>Correlation id</dt><dd><code dir="ltr">${correlationId}</code></dd>
</dl>`,
  )
}
