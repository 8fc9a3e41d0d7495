import type { ConsentView } from '../server/pages.ts'
import { renderCsrf, renderIdentity, renderName, renderPage } from './layout.ts'
import { displayText, html, type Markup } from './markup.ts'

/** The consent page: who asks, for what, held by whom. Refusing is as easy as allowing, and what Enter does. */
export function renderConsent({ client, username, action, csrf, asks }: ConsentView): string {
  return renderPage(
    'Allow access?',
    html`<h1>${renderName(client.name)} asks for access</h1>
<p class="soft">It chose this name itself. What is verified about it:</p>
${renderIdentity(client)}
${asks.map(renderAsk)}
<form method="post" action="${action}">
${renderCsrf(csrf)}
<div class="choice">
<button class="plain" type="submit" name="decision" value="deny">Don’t allow</button>
<button class="plain" type="submit" name="decision" value="allow">Allow</button>
</div>
</form>
<p class="soft last">You are signed in as <bdi>${displayText(username)}</bdi>.</p>`,
  )
}

function renderAsk({ holder, scopes }: ConsentView['asks'][number]): Markup {
  return html`<h2><bdi>${displayText(holder)}</bdi></h2>
<ul>
${scopes.map(({ name, description }) => html`<li>${description} <code dir="ltr">${displayText(name)}</code></li>`)}
</ul>`
}
