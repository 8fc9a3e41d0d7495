import type { ErrorView } from '../server/pages.ts'
import { renderCode, renderPage, type Setting } from './layout.ts'
import { html } from './markup.ts'

/** A refusal nobody can be sent back with: what happened, what to do, and how the operator finds it. Leads nowhere. */
export function renderError(setting: Setting, { refusal, correlationId }: ErrorView): string {
  const { say, refusal: put } = setting.voice
  const { sentence, hint } = put(refusal)
  return renderPage(setting, {
    title: say('errorTitle'),
    width: 'narrow',
    script: 'no_script',
    main: html`<h1>${sentence}</h1>
<p>${hint}</p>
<dl>
<div><dt>${say('errorReason')}</dt><dd>${renderCode(refusal.slug)}</dd></div>
<div><dt>${say('errorCorrelation')}</dt><dd>${renderCode(correlationId)}</dd></div>
</dl>`,
  })
}
