/** What an application asks for or was allowed, said in words: at consent and in the account alike. */

import { fillConsentText } from '../core/consent-text.ts'
import { inLanguage } from '../core/local-text.ts'
import type { AskView, DetailView } from '../server/pages.ts'
import { renderCode, renderGiven, type Setting } from './layout.ts'
import { html, type Markup, wholeText } from './markup.ts'
import { renderLocal, type Voice } from './voice.ts'

/** How deep in the page a heading stands. */
type Level = 'h2' | 'h4'

/** The scopes of one holder. What goes beyond `before` is marked, where something was allowed before. */
export function renderAsk(
  { voice, languages }: Setting,
  { holder, scopes }: AskView,
  level: Level,
  before?: readonly string[],
): Markup {
  const { say } = voice
  const more = html` <strong class="badge">${say('consentMore')}</strong>`
  return html`<${level}>${holder === undefined ? say('identityHolder') : renderGiven(holder)}</${level}>
<ul class="scopes">
${scopes.map(({ name, description }) => {
  const words = description === undefined ? ownWords(name, say) : renderLocal(description, voice, languages)
  const isMore = before !== undefined && !before.includes(name)
  return html`<li>${words}${isMore ? more : undefined} ${renderCode(wholeText(name))}</li>`
})}
</ul>`
}

/** The scopes of OpenID Connect. OIDC Core §5.4, §11. */
function ownWords(name: string, say: Voice['say']): Markup {
  switch (name) {
    case 'openid':
      return say('scopeOpenid')
    case 'profile':
      return say('scopeProfile')
    case 'email':
      return say('scopeEmail')
    case 'offline_access':
      return say('scopeOfflineAccess')
    default:
      return say('scopeOther')
  }
}

/** One element of the authorization details: the sentence the operator wrote for its type, filled with its values. */
export function renderDetail(setting: Setting, { holder, element, consent }: DetailView, level: Level): Markup {
  const { voice, languages } = setting
  const template = inLanguage(consent.text, [voice.language, ...languages])
  const language = template.language ?? voice.language
  const runs = fillConsentText(template.text, element, language)
  return html`<${level}>${renderLocal(consent.title, voice, languages)}</${level}>
<p class="sentence" dir="auto"${language === voice.language ? undefined : html` lang="${language}"`}>${runs.map(
    ({ kind, text }) => (kind === 'value' ? html`<strong><bdi>${wholeText(text)}</bdi></strong>` : html`${text}`),
  )}</p>
<p class="soft holder">${voice.say('consentDetailHolder', { holder: renderGiven(holder) })}</p>`
}
