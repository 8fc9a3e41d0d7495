import type { SignOutView } from '../server/pages.ts'
import { renderCsrf, renderName, renderPage } from './layout.ts'
import { displayText, html } from './markup.ts'

/** The page that asks whether to sign out: whoever led here, only the person decides. */
export function renderSignOut({ client, username, action, csrf, fields }: SignOutView): string {
  return renderPage(
    'Sign out?',
    html`<h1>Sign out?</h1>
${client === undefined ? undefined : html`<p>${renderName(client)} asks to sign you out here.</p>`}
<p>You are signed in as <bdi>${displayText(username)}</bdi>. Applications you used with this sign-in are told that you left.</p>
<form class="sign-in" method="post" action="${action}">
${renderCsrf(csrf)}
${fields.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<button type="submit">Sign out</button>
</form>
<p class="soft last">To stay signed in, close this page.</p>`,
  )
}

/** The page after it, where no application waits for the person. */
export function renderSignedOut(): string {
  return renderPage(
    'Signed out',
    html`<h1>You are signed out</h1>
<p>You can close this page.</p>`,
  )
}
