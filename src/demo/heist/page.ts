/** What all pages about thieves share. */

import { html, type Markup } from '../../console/markup.ts'
import { pageHead } from '../page-head.ts'
import type { Keepsake } from './keepsake.ts'

/** A page up to where its content begins. */
export function pageStart(title: string): string {
  return html`${pageHead(`${title} · Tally`)}
<body class="heist">
<a class="skip" href="#content">Skip to the content</a>
<header><nav aria-label="Tally"><a class="brand" href="/">Tally</a> <a href="/heist">Try a heist</a></nav></header>
<main id="content" tabindex="-1">
`.toString()
}

/** The rest. */
export function pageEnd(): string {
  return html`</main>
<footer><p class="soft">Everything here happens on this machine, against the servers of this demo, for real. Nobody’s money is harmed.</p></footer>
</body>
</html>
`.toString()
}

/** A whole page. */
export function renderPage(title: string, content: Markup): string {
  return `${pageStart(title)}${content.toString()}${pageEnd()}`
}

/** A page with one message. */
export function renderMessage({ title, text }: { readonly title: string; readonly text: string }): string {
  return renderPage(
    title,
    html`<h1>${title}</h1>
<p class="lede">${text}</p>
<p><a class="button" href="/heist">Back to the heist</a></p>`,
  )
}

/** A button that does one thing. */
export function button(
  action: string,
  csrf: string,
  label: string,
  { look, about }: { readonly look?: 'plain' | 'alarm'; readonly about?: string } = {},
): Markup {
  const name = about === undefined ? undefined : html`<span class="unseen">: ${about}</span>`
  return html`<form method="post" action="${action}"><input type="hidden" name="csrf" value="${csrf}"><button class="${look ?? ''}" type="submit">${label}${name}</button></form>`
}

/** How it ended, in two words and a colour. */
export function badge({ verdict }: Pick<Keepsake, 'verdict'>): Markup {
  const { look, text } = verdicts[verdict]
  return html`<span class="badge ${look}">${text}</span>`
}

const verdicts = {
  refused: { look: 'good', text: 'Refused' },
  otherwise: { look: 'bad', text: 'Refused, but by the wrong rule' },
  succeeded: { look: 'bad', text: 'It worked. It must not.' },
  untried: { look: 'odd', text: 'Could not be tried' },
} as const

/** The name of what refused it. */
export function ruleName({ incident }: Pick<Keepsake, 'incident'>): string {
  return incident?.rule ?? 'nothing'
}
