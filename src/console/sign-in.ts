import type { PublicRefusal } from '../core/rules.ts'
import type { SignInView } from '../server/pages.ts'
import { renderCsrf, renderIdentity, renderName, renderPage } from './layout.ts'
import { html, type Markup, undirected } from './markup.ts'

/** The sign-in page. */
export function renderSignIn(view: SignInView): string {
  const { client, action, cancelAction, csrf } = view
  return renderPage(
    'Sign in',
    html`<h1>Sign in</h1>
<p>to continue to ${renderName(client.name)}</p>
${renderIdentity(client)}
${renderFailure(view.failed)}
${view.password === undefined ? undefined : html`<p class="soft">This is a demonstration: name and password are filled in.</p>`}
<form class="sign-in" method="post" action="${action}">
${renderCsrf(csrf)}
${renderFields(view)}
<button type="submit">Sign in</button>
</form>
<form method="post" action="${cancelAction}">
${renderCsrf(csrf)}
<button class="plain" type="submit">Cancel and go back</button>
</form>`,
  )
}

function renderFailure(failed: PublicRefusal | undefined): Markup | undefined {
  if (failed === undefined) return undefined
  return html`<div role="alert" id="failure"><p><strong>${failed.sentence}</strong></p><p>${failed.hint}</p></div>`
}

function renderFields({ username, password, failed }: SignInView): Markup {
  const invalid = failed === undefined ? undefined : html` aria-invalid="true" aria-describedby="failure"`
  const empty = html` autofocus`
  const focusName = username === '' ? empty : undefined
  const focusPassword = username !== '' && password === undefined ? empty : undefined
  return html`<label for="username">User name</label>
<input id="username" name="username" type="text" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="64" required value="${undirected(username)}"${invalid}${focusName}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="256" required value="${password ?? ''}"${invalid}${focusPassword}>`
}
