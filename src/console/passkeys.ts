import type { AccountView } from '../server/pages.ts'
import { renderCsrf, renderGiven, type Setting } from './layout.ts'
import { displayText, html, type Markup } from './markup.ts'
import { renderPasskeyForm } from './passkey.ts'
import type { Voice } from './voice.ts'

type PasskeyView = AccountView['passkeys'][number]

/** The passkeys of a person, and how to add one. */
export function renderPasskeys({ voice }: Setting, view: AccountView): Markup | undefined {
  const { say } = voice
  if (view.enrolment.kind === 'not_offered' && view.passkeys.length === 0) return undefined
  return html`<section>
<h2>${say('passkeysHeading')}</h2>
${
  view.passkeys.length === 0
    ? html`<p class="soft">${say('passkeysEmpty')}</p>`
    : html`<ul class="entries">
${view.passkeys.map((passkey, index) => renderPasskey(passkey, view, `passkey-${index}`, voice))}
</ul>`
}
${renderEnrolment(view, say)}
</section>`
}

function renderPasskey(passkey: PasskeyView, view: AccountView, id: string, { say, date }: Voice): Markup {
  const name = displayText(passkey.name) === '' ? say('passkeyUnnamed') : renderGiven(passkey.name)
  const isOpen = view.enrolment.kind === 'open' || view.enrolment.kind === 'full'
  const used =
    passkey.lastUsedAt === undefined ? say('passkeyUnused') : say('passkeyUsed', { date: date(passkey.lastUsedAt) })
  return html`<li class="entry">
<div><p class="title" id="${id}">${name}</p>
<p class="soft">${renderBackup(passkey.backup, say)} · ${say('passkeyAdded', { date: date(passkey.createdAt) })} · ${used}</p></div>
${isOpen ? renderChanges(passkey, view, id, say) : undefined}
</li>`
}

function renderBackup(backup: PasskeyView['backup'], say: Voice['say']): Markup {
  switch (backup) {
    case 'device_bound':
      return say('passkeyDeviceBound')
    case 'eligible':
      return say('passkeyEligible')
    case 'backed_up':
      return say('passkeyBackedUp')
  }
}

/** How long the name of a passkey may be. */
const nameLength = 64

function renderChanges({ credentialId, name }: PasskeyView, view: AccountView, id: string, say: Voice['say']): Markup {
  const credential = html`${renderCsrf(view.csrf)}
<input type="hidden" name="credential_id" value="${credentialId}">`
  return html`<div class="changes">
<details>
<summary id="${id}-change" aria-labelledby="${id}-change ${id}">${say('passkeyRename')}</summary>
<form method="post" action="${view.actions.renamePasskey}">
${credential}
<label for="${id}-name">${say('passkeyName')}</label>
<input id="${id}-name" name="name" type="text" dir="auto" maxlength="${String(nameLength)}" autocomplete="off" required value="${displayText(name)}">
<button class="plain small" type="submit" id="${id}-rename" aria-labelledby="${id}-rename ${id}">${say('passkeyRename')}</button>
</form>
</details>
<form method="post" action="${view.actions.removePasskey}">
${credential}
<button class="plain small" type="submit" id="${id}-remove" aria-labelledby="${id}-remove ${id}">${say('passkeyRemove')}</button>
</form>
</div>`
}

function renderEnrolment({ enrolment, csrf, actions }: AccountView, say: Voice['say']): Markup {
  switch (enrolment.kind) {
    case 'open': {
      const words = { button: say('passkeyAdd'), hint: say('passkeyAddHint'), failure: say('passkeyAddFailed') }
      const fields = html`<label for="new-passkey">${say('passkeyNewName')}</label>
<input id="new-passkey" name="name" type="text" dir="auto" maxlength="${String(nameLength)}" autocomplete="off" required>`
      return html`<div class="add">${renderPasskeyForm(enrolment.way, 'create', csrf, words, fields)}
<p class="soft" data-without-script>${say('passkeyNeeds')}</p></div>`
    }
    case 'sign_in_again': {
      const link = html`<a href="${actions.signInAgain}">${say('passkeySignInAgainLink')}</a>`
      return html`<p>${say('passkeySignInAgain', { link })}</p>`
    }
    case 'full':
      return html`<p>${say('passkeysFull')}</p>`
    case 'not_offered':
      return html`<p>${say('passkeysNotOffered')}</p>`
  }
}
