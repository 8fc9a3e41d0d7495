import type { ConsentView, DetailView } from '../server/pages.ts'
import { renderAsk, renderDetail } from './asks.ts'
import {
  renderCode,
  renderCsrf,
  renderFailure,
  renderGiven,
  renderIdentity,
  renderName,
  renderPage,
  type Setting,
} from './layout.ts'
import { html, type Markup, wholeText } from './markup.ts'
import type { Voice } from './voice.ts'

/** The consent page: who asks, for what, held by whom, for how long. Refusing is as easy as allowing, and what Enter does. */
export function renderConsent(setting: Setting, view: ConsentView): string {
  const { voice } = setting
  const { say } = voice
  const { client, before } = view
  return renderPage(setting, {
    title: say('consentTitle'),
    width: 'narrow',
    script: 'no_script',
    main: html`<h1>${say('consentHeading', { client: renderName(client.name, voice) })}</h1>
<p class="soft">${say('consentNameChosen')}</p>
${renderIdentity(client, voice)}
${renderFailure(view, voice)}
${renderBefore(view, voice)}
<form method="post" action="${view.action}">
${renderCsrf(view.csrf)}
${view.details.map((detail, index) => renderAskedDetail(setting, detail, index, view))}
${view.asks.map((ask) => renderAsk(setting, ask, 'h2', before?.scope))}
${view.asks.length + view.details.length === 0 ? html`<p>${say('consentNothing')}</p>` : undefined}
<h2>${say('lastsHeading')}</h2>
<p>${renderLasts(view, voice)} ${say('takeBack', {
      account: html`<a href="${view.accountUrl}">${say('takeBackAccount')}</a>`,
    })}</p>
<h2>${say('useHeading')}</h2>
<p>${say('useBound', { client: renderName(client.name, voice) })} ${say(view.details.length > 0 ? 'useAskedAgain' : 'useRemembered')}</p>
<div class="choice">
<button class="plain" type="submit" name="decision" value="deny">${say('deny')}</button>
<button class="plain" type="submit" name="decision" value="allow">${say('allow')}</button>
</div>
</form>
<p class="soft last">${say('signedInAs', { user: renderGiven(view.username) })}</p>`,
  })
}

/** That something was allowed before, and whether this is more. */
function renderBefore({ before, asks, details }: ConsentView, { say, date }: Voice): Markup | undefined {
  if (before === undefined) return undefined
  const isMore =
    details.length > 0 || asks.some(({ scopes }) => scopes.some(({ name }) => !before.scope.includes(name)))
  return html`<p>${say(isMore ? 'consentBefore' : 'consentSame', { date: date(before.givenAt) })}</p>`
}

function renderLasts({ lasts }: ConsentView, { say, span }: Voice): Markup {
  return lasts.kind === 'sign_in' ? say('lastsSignIn') : say('lastsOffline', { span: span(lasts.seconds) })
}

function renderAskedDetail(setting: Setting, detail: DetailView, index: number, view: ConsentView): Markup {
  const { voice } = setting
  const describedBy = view.failed === undefined ? undefined : html` aria-describedby="failure"`
  return html`<section class="detail">
${renderDetail(setting, detail, 'h2')}
${detail.choices.map((choice, place) => renderChoice(choice, `choice-${index}-${place}`, describedBy, voice))}
</section>`
}

/** A list of which the person may leave out entries: everything is checked, as it was asked for. */
function renderChoice(
  { member, name, entries }: DetailView['choices'][number],
  id: string,
  describedBy: Markup | undefined,
  { say }: Voice,
): Markup {
  return html`<fieldset${describedBy}>
<legend>${say('consentChoices', { member: renderCode(wholeText(member)) })}</legend>
${entries.map(
  (entry, index) => html`<div class="box">
<input type="checkbox" id="${id}-${String(index)}" name="${name}.${String(index)}" value="on" checked>
<label for="${id}-${String(index)}"><bdi>${wholeText(entry)}</bdi></label>
</div>`,
)}
</fieldset>`
}
