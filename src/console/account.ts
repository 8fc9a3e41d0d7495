import type { AccountNotice, AccountView, AllowedClientView, GrantView } from '../server/pages.ts'
import { renderEvents, renderSessions } from './activity.ts'
import { renderAsk, renderDetail } from './asks.ts'
import { renderCsrf, renderGiven, renderName, renderPage, type Setting } from './layout.ts'
import { html, type Markup } from './markup.ts'
import type { TextKey } from './messages/messages.ts'
import { renderPasskeys } from './passkeys.ts'
import type { Voice } from './voice.ts'

/** The account page: who has access, where the person is signed in, and with what. */
export function renderAccount(setting: Setting, view: AccountView): string {
  const { voice } = setting
  const { say } = voice
  return renderPage(setting, {
    title: say('accountTitle'),
    width: 'wide',
    script: view.enrolment.kind === 'open' ? 'script' : 'no_script',
    main: html`<h1>${say('accountTitle')}</h1>
<p class="soft">${say('signedInAs', { user: renderGiven(view.username) })}</p>
${renderOutcome(view, voice)}
<section>
<h2>${say('clientsHeading')}</h2>
${view.clients.length === 0 ? html`<p class="soft">${say('clientsEmpty')}</p>` : undefined}
${view.shown === 'newest' ? html`<p class="soft">${say('clientsNewest')}</p>` : undefined}
${view.clients.map((client, index) => renderClient(setting, view, client, `client-${index}`))}
${view.clients.length === 0 && view.shown === 'all' ? undefined : renderEndEverything(view, say)}
</section>
${renderSessions(setting, view)}
${renderPasskeys(setting, view)}
${renderEvents(setting, view)}
<p class="leave"><a href="${view.actions.signOut}">${say('signOutButton')}</a></p>`,
  })
}

const notices: Readonly<Record<AccountNotice, TextKey>> = {
  access_ended: 'noticeAccessEnded',
  all_access_ended: 'noticeAllAccessEnded',
  session_ended: 'noticeSessionEnded',
  passkey_added: 'noticePasskeyAdded',
  passkey_renamed: 'noticePasskeyRenamed',
  passkey_removed: 'noticePasskeyRemoved',
}

function renderOutcome({ notice, failed }: AccountView, voice: Voice): Markup {
  const problem = failed === undefined ? undefined : voice.refusal(failed)
  return html`${notice === undefined ? undefined : html`<p role="status">${voice.plain(notices[notice])}</p>`}
${
  problem === undefined
    ? undefined
    : html`<div role="alert"><p><strong>${problem.sentence}</strong></p><p>${problem.hint}</p></div>`
}`
}

function renderClient(setting: Setting, view: AccountView, client: AllowedClientView, id: string): Markup {
  const { say } = setting.voice
  const { actions, csrf } = view
  const name = renderName(client.name, setting.voice)
  // What is listed above is not listed once more for each grant, unless somebody looks.
  const folding = client.consent === undefined ? 'open' : 'folded'
  return html`<article class="entry">
<h3 id="${id}">${name}</h3>
${renderConsent(setting, client)}
${client.grants.map((grant, index) => renderGrant(setting, view, grant, { client: id, grant: `${id}-grant-${index}` }, folding))}
<form method="post" action="${actions.endAccess}">
${renderCsrf(csrf)}
<input type="hidden" name="client_id" value="${client.clientId}">
<button class="plain" type="submit">${say('endClient', { client: name })}</button>
</form>
</article>`
}

function renderConsent(setting: Setting, { consent }: AllowedClientView): Markup | undefined {
  if (consent === undefined) return undefined
  const { say, date } = setting.voice
  return html`<div class="allowed">
<p class="soft">${say('consentKept', { date: date(consent.givenAt) })}</p>
${consent.asks.map((ask) => renderAsk(setting, ask, 'h4'))}
</div>`
}

function renderGrant(
  setting: Setting,
  { actions, csrf }: AccountView,
  grant: GrantView,
  id: { readonly client: string; readonly grant: string },
  folding: 'open' | 'folded',
): Markup {
  const { say, date } = setting.voice
  const ends = date(grant.expiresAt)
  return html`<div class="allowed">
${grant.details.map((detail) => renderDetail(setting, detail, 'h4'))}
${renderGrantAsks(setting, grant, folding)}
<dl>
<div><dt>${say('grantAllowed')}</dt><dd>${date(grant.allowedAt)}</dd></div>
<div><dt>${say('grantUsed')}</dt><dd>${grant.lastUsedAt === undefined ? say('grantUnused') : date(grant.lastUsedAt)}</dd></div>
<div><dt>${say('grantEnds')}</dt><dd>${grant.ends === 'by_itself' ? ends : say('grantEndsWithSignIn', { date: ends })}</dd></div>
</dl>
<form method="post" action="${actions.endAccess}">
${renderCsrf(csrf)}
<input type="hidden" name="ref" value="${grant.ref}">
<button class="plain small" type="submit" id="${id.grant}" aria-labelledby="${id.grant} ${id.client}">${say('endGrant')}</button>
</form>
</div>`
}

function renderGrantAsks(setting: Setting, { asks }: GrantView, folding: 'open' | 'folded'): Markup | undefined {
  if (asks.length === 0) return undefined
  const list = asks.map((ask) => renderAsk(setting, ask, 'h4'))
  if (folding === 'open') return html`${list}`
  return html`<details><summary>${setting.voice.say('grantAllows')}</summary>
${list}
</details>`
}

function renderEndEverything({ actions, csrf }: AccountView, say: Voice['say']): Markup {
  return html`<details>
<summary>${say('endEverything')}</summary>
<p>${say('endEverythingHint')}</p>
<form method="post" action="${actions.endAccess}">
${renderCsrf(csrf)}
<button class="grave" type="submit">${say('endEverything')}</button>
</form>
</details>`
}
