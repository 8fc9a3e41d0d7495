/** Where a person is signed in, and what happened to their account. */

import type { AccountEventView, AccountView, SessionView } from '../server/pages.ts'
import { renderCode, renderCsrf, renderGiven, renderName, type Setting } from './layout.ts'
import { displayText, html, type Markup } from './markup.ts'
import type { TextKey } from './messages/messages.ts'
import type { Voice } from './voice.ts'

/** Every sign-in, each with a way to end it but this one, which has a way of its own. */
export function renderSessions({ voice }: Setting, view: AccountView): Markup {
  const { say } = voice
  return html`<section>
<h2>${say('sessionsHeading')}</h2>
${
  view.sessions.length === 0
    ? html`<p class="soft">${say('sessionsEmpty')}</p>`
    : html`<ul class="entries">
${view.sessions.map((session, index) => renderSession(session, view, `session-${index}`, voice))}
</ul>`
}
</section>`
}

function renderSession(session: SessionView, { actions, csrf }: AccountView, id: string, voice: Voice): Markup {
  const { say, date } = voice
  const device = displayText(session.device) === '' ? say('sessionUnknown') : renderGiven(session.device)
  const here = html` <strong class="badge">${say('sessionThis')}</strong>`
  return html`<li class="entry">
<div><p class="title" id="${id}">${device}${session.which === 'this' ? here : undefined}</p>
<p class="soft">${say('sessionSince', { date: date(session.authTime), ways: waysOf(session.amr, voice) })}</p>
<p class="soft">${say('sessionUntil', { date: date(session.expiresAt) })}</p></div>
${
  session.which === 'this'
    ? undefined
    : html`<form method="post" action="${actions.endSession}">
${renderCsrf(csrf)}
<input type="hidden" name="sid" value="${session.sid}">
<button class="plain small" type="submit" id="${id}-end" aria-labelledby="${id}-end ${id}">${say('sessionEnd')}</button>
</form>`
}
</li>`
}

/** The values people have a word for; `none` for what goes without saying beside another. RFC 8176 §2. */
const ways: ReadonlyMap<string, TextKey | 'none'> = new Map([
  ['pwd', 'amrPassword'],
  ['hwk', 'amrPasskey'],
  ['swk', 'amrPasskey'],
  ['pop', 'amrPasskey'],
  ['otp', 'amrOneTimeCode'],
  ['sms', 'amrOneTimeCode'],
  ['mfa', 'amrSeveral'],
  ['user', 'none'],
  ['pin', 'none'],
  ['fpt', 'none'],
  ['face', 'none'],
] as const)

function waysOf(amr: readonly string[], voice: Voice): Markup {
  const words = amr.flatMap((value) => {
    const way = ways.get(value)
    if (way === 'none') return []
    return [way === undefined ? displayText(value) : voice.plain(way)]
  })
  return html`<bdi>${voice.list(words.length === 0 ? [voice.plain('amrElsewhere')] : [...new Set(words)])}</bdi>`
}

/** What happened lately, newest first. */
export function renderEvents({ voice }: Setting, { events }: AccountView): Markup {
  const { say } = voice
  return html`<section>
<h2>${say('eventsHeading')}</h2>
${
  events.length === 0
    ? html`<p class="soft">${say('eventsEmpty')}</p>`
    : html`<ol class="events">
${events.map((event) => renderEvent(event, voice))}
</ol>`
}
</section>`
}

function renderEvent({ time, type, outcome, client, count }: AccountEventView, voice: Voice): Markup {
  const { say } = voice
  const known = voice.event(type)
  return html`<li>
${voice.date(time)}
<div><p>${known ?? say('eventOther', { type: renderCode(type) })}${renderVerdict(outcome, say)}${
    count > 1 ? html` <span class="soft">${say('eventCount', { count: voice.count(count) })}</span>` : undefined
  }</p>
${client === undefined ? undefined : html`<p class="soft">${say('eventClient', { client: renderName(client, voice) })}</p>`}</div>
</li>`
}

function renderVerdict(outcome: AccountEventView['outcome'], say: Voice['say']): Markup | undefined {
  switch (outcome) {
    case 'blocked':
      return html` <strong class="badge">${say('eventBlocked')}</strong>`
    case 'revoked':
      return html` <strong class="badge">${say('eventRevoked')}</strong>`
    case 'allowed':
      return undefined
  }
}
