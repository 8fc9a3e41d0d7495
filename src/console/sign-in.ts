import type { SignInView } from '../server/pages.ts'
import { renderCsrf, renderFailure, renderIdentity, renderName, renderPage, type Setting } from './layout.ts'
import { html, type Markup, undirected } from './markup.ts'
import { renderPasskeyForm } from './passkey.ts'
import { renderLocal, type Voice } from './voice.ts'

/** The sign-in page: the safest way first, then every other one. */
export function renderSignIn(setting: Setting, view: SignInView): string {
  const { voice } = setting
  const { say } = voice
  const { csrf, cancelAction } = view
  return renderPage(setting, {
    title: say('signInTitle'),
    width: 'narrow',
    script: view.passkey === undefined ? 'no_script' : 'script',
    main: html`<h1>${say('signInTitle')}</h1>
${renderOccasion(view.occasion, voice)}
${renderFailure(view, voice)}
${view.demand === 'again' ? html`<p>${say('signInAgain')}</p>` : undefined}
${view.demand === 'passkey' ? html`<p>${say('signInPasskeyOnly')}</p>` : undefined}
${renderPasskey(view, voice)}
${view.password === undefined ? undefined : renderPassword(view, view.password, voice)}
${renderUpstream(setting, view)}
${
  cancelAction === undefined
    ? undefined
    : html`<form class="cancel" method="post" action="${cancelAction}">
${renderCsrf(csrf)}
<button class="plain" type="submit">${say('cancel')}</button>
</form>`
}`,
  })
}

function renderOccasion(occasion: SignInView['occasion'], voice: Voice): Markup {
  if (occasion.kind === 'account') return html`<p class="soft">${voice.say('signInForAccount')}</p>`
  const { client } = occasion
  return html`<p class="soft">${voice.say('signInForClient', { client: renderName(client.name, voice) })}</p>
${renderIdentity(client, voice)}`
}

function renderPasskey({ passkey, csrf, password, upstream }: SignInView, { say }: Voice): Markup | undefined {
  if (passkey === undefined) return undefined
  const words = { button: say('passkeyContinue'), hint: say('passkeyContinueHint'), failure: say('passkeyFailed') }
  const isOnlyWay = password === undefined && upstream.length === 0
  return html`<div class="way">${renderPasskeyForm(passkey, 'get', csrf, words)}
${
  isOnlyWay
    ? html`<p data-without-script>${say('passkeyNeeds')}</p>`
    : html`<p class="or" hidden data-needs-script>${say('or')}</p>`
}</div>`
}

function renderPassword(view: SignInView, password: NonNullable<SignInView['password']>, { say }: Voice): Markup {
  return html`${password.password === undefined ? undefined : html`<p class="soft">${say('signInDemo')}</p>`}
<form class="sign-in" method="post" action="${password.action}">
${renderCsrf(view.csrf)}
${renderFields(view, password, say)}
<button type="submit"${view.passkey === undefined ? undefined : html` class="plain"`}>${say('signInButton')}</button>
</form>`
}

function renderFields(
  { failed }: SignInView,
  { username, password }: NonNullable<SignInView['password']>,
  say: Voice['say'],
): Markup {
  const invalid = failed === undefined ? undefined : html` aria-invalid="true" aria-describedby="failure"`
  const focus = html` autofocus`
  const focusName = username === '' ? focus : undefined
  const focusPassword = username !== '' && password === undefined ? focus : undefined
  return html`<label for="username">${say('userName')}</label>
<input id="username" name="username" type="text" dir="auto" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="64" required value="${undirected(username)}"${invalid}${focusName}>
<label for="password">${say('password')}</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="256" required value="${password ?? ''}"${invalid}${focusPassword}>`
}

function renderUpstream({ voice, languages }: Setting, { upstream, password, csrf }: SignInView): Markup | undefined {
  if (upstream.length === 0) return undefined
  const button = ({ name, action }: SignInView['upstream'][number]) => html`<form method="post" action="${action}">
${renderCsrf(csrf)}
<button class="plain" type="submit">${voice.say('continueWith', { provider: renderLocal(name, voice, languages) })}</button>
</form>`
  return html`<div class="way">${password === undefined ? undefined : html`<p class="or">${voice.say('or')}</p>`}
${upstream.map(button)}</div>`
}
