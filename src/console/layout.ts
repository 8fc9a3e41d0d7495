import type { ClientView } from '../server/pages.ts'
import { displayText, html, type Markup, ownMarkup } from './markup.ts'
import { stylesheet } from './stylesheet.ts'

/** One complete page around its content. */
export function renderPage(title: string, content: Markup): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title} · Strongroom</title>
<style>${ownMarkup(stylesheet)}</style>
</head>
<body>
<p class="brand">Strongroom</p>
<main>
${content}
</main>
</body>
</html>
`
  return page.toString()
}

/** The name an application gave itself: inert, isolated from the text around it, never empty. */
export function renderName(name: string): Markup {
  const readable = displayText(name)
  return readable === '' ? html`An application without a name` : html`<bdi>${readable}</bdi>`
}

/**
 * What is verified about an application, to stand beside the name it chose. Whole, however long: the end of a host is the
 * part that tells whose it is.
 */
export function renderIdentity({ clientId, redirectHost }: ClientView): Markup {
  return html`<dl>
<dt>Registered as</dt><dd><code dir="ltr">${clientId}</code></dd>
<dt>Returns to</dt><dd><code dir="ltr">${redirectHost}</code></dd>
</dl>`
}

/** The field that ties a form to this page of this browser. */
export function renderCsrf(csrf: string): Markup {
  return html`<input type="hidden" name="csrf" value="${csrf}">`
}
