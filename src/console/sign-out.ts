import type { Readable, SignOutView } from '../server/pages.ts'
import { renderCsrf, renderGiven, renderName, renderPage, type Setting } from './layout.ts'
import { html } from './markup.ts'

/** The page that asks whether to sign out: whoever led here, only the person decides. */
export function renderSignOut(setting: Setting, { client, username, action, csrf, fields }: SignOutView): string {
  const { voice } = setting
  const { say } = voice
  return renderPage(setting, {
    title: say('signOutTitle'),
    width: 'narrow',
    script: 'no_script',
    main: html`<h1>${say('signOutTitle')}</h1>
${client === undefined ? undefined : html`<p>${say('signOutAsked', { client: renderName(client, voice) })}</p>`}
<p>${say('signOutTells', { user: renderGiven(username) })}</p>
<form class="sign-in" method="post" action="${action}">
${renderCsrf(csrf)}
${fields.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<button type="submit">${say('signOutButton')}</button>
</form>
<p class="soft last">${say('signOutStay')}</p>`,
  })
}

/** The page after it, where no application waits for the person. */
export function renderSignedOut(setting: Setting, _view: Readable): string {
  const { say } = setting.voice
  return renderPage(setting, {
    title: say('signedOutTitle'),
    width: 'narrow',
    script: 'no_script',
    main: html`<h1>${say('signedOutHeading')}</h1>
<p>${say('signedOutClose')}</p>`,
  })
}
