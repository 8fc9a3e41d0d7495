import type { PublicRefusal } from '../core/rules.ts'
import type { ClientView } from '../server/pages.ts'
import type { Look } from './look.ts'
import { displayText, html, type Markup, ownMarkup } from './markup.ts'
import { script } from './script.ts'
import type { Voice } from './voice.ts'

/** What every page is rendered with. */
export type Setting = {
  readonly look: Look
  readonly stylesheet: string
  readonly voice: Voice
  /** The languages the person reads, best first. */
  readonly languages: readonly string[]
}

/** What sets one page apart from another. */
type Content = {
  readonly title: Markup
  readonly width: 'narrow' | 'wide'
  readonly script: 'script' | 'no_script'
  readonly main: Markup
}

/** One complete page around its content. */
export function renderPage({ look, stylesheet, voice }: Setting, content: Content): string {
  const page = html`<!doctype html>
<html lang="${voice.language}" dir="${voice.direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${content.title} · ${look.name}</title>
<style>${ownMarkup(stylesheet)}</style>
</head>
<body class="${content.width}">
${renderBrand(look)}
<main>
${content.main}
</main>
${content.script === 'script' ? html`<script>${ownMarkup(script)}</script>` : undefined}
</body>
</html>
`
  return page.toString()
}

function renderBrand({ name, logo }: Look): Markup {
  if (logo === undefined) return html`<header class="brand"><span class="mark"></span><bdi>${name}</bdi></header>`
  return html`<header class="brand"><img src="data:${logo.mediaType};base64,${logo.base64}" alt="${name}"></header>`
}

/** The name an application gave itself: inert, isolated from the text around it, never empty. */
export function renderName(name: string, { say }: Voice): Markup {
  const readable = displayText(name)
  return readable === '' ? say('unnamedClient') : renderGiven(readable)
}

/** A name from outside: inert, on one line, isolated from the text around it. */
export function renderGiven(name: string): Markup {
  return html`<bdi>${displayText(name)}</bdi>`
}

/** A code from outside: whole, and read from left to right in every language. */
export function renderCode(code: string): Markup {
  return html`<code dir="ltr">${code}</code>`
}

/**
 * What is verified about an application, to stand beside the name it chose. Whole, however long: the end of a host is the
 * part that tells whose it is.
 */
export function renderIdentity({ clientId, redirectHost, registeredAt }: ClientView, { say, date }: Voice): Markup {
  return html`<dl>
<div><dt>${say('returnsTo')}</dt><dd>${renderCode(redirectHost)}</dd></div>
<div><dt>${say('registeredAs')}</dt><dd>${renderCode(clientId)}</dd></div>
<div><dt>${say('knownSince')}</dt><dd>${date(registeredAt)}</dd></div>
</dl>`
}

/** The field that ties a form to this page of this browser. */
export function renderCsrf(csrf: string): Markup {
  return html`<input type="hidden" name="csrf" value="${csrf}">`
}

/** Why what was just tried failed, where it did. */
export function renderFailure(
  { failed }: { readonly failed: PublicRefusal | undefined },
  { refusal }: Voice,
): Markup | undefined {
  if (failed === undefined) return undefined
  const { sentence, hint } = refusal(failed)
  return html`<div role="alert" id="failure"><p><strong>${sentence}</strong></p><p>${hint}</p></div>`
}
