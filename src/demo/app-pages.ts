import type { Session } from '../client/index.ts'
import { displayText, html, type Markup } from '../console/markup.ts'
import type { Notice } from './app-sessions.ts'
import { pageHead } from './page-head.ts'
import { bill } from './bill.ts'

/** An account as the app shows it. */
export type ShownAccount = { readonly name: string; readonly id: string; readonly cents: number }

/** What the one page of the app shows. */
export type AppView = {
  readonly csrf: string
  readonly bankName: string
  readonly notice: Notice | undefined
  /** The connection, when there is one, with what the bank answered. */
  readonly connection:
    | { readonly session: Session; readonly name: string; readonly accounts: readonly ShownAccount[] }
    | undefined
  /** Where thieves go, if anywhere. */
  readonly heist: string | undefined
}

/** The one page of the app. */
export function renderApp(view: AppView): string {
  const content = view.connection === undefined ? renderInvitation(view) : renderConnection(view, view.connection)
  return html`${pageHead('Tally')}
<body>
<main>
<p><span class="brand">Tally</span></p>
${view.notice === undefined ? undefined : renderNotice(view.notice)}
${content}
</main>
</body>
</html>
`.toString()
}

function renderInvitation({ csrf, bankName, heist }: AppView): Markup {
  return html`<h1>All your money at a glance</h1>
<p>Tally shows the accounts you hold at ${bankName}. You sign in at the bank, not here: Tally never sees your password.</p>
${renderForm('/connect', csrf, 'Connect your bank', undefined)}
${renderTemptation(heist, 'Would you rather steal than sign in? Two dozen thefts, one click each, against the very servers you are looking at.')}`
}

function renderConnection(
  { csrf, bankName, heist }: AppView,
  { session, name, accounts }: NonNullable<AppView['connection']>,
): Markup {
  return html`<h1>Hello, <bdi>${displayText(name)}</bdi></h1>
<section aria-labelledby="accounts">
<h2 id="accounts">Your accounts at ${bankName}</h2>
<ul class="accounts">${accounts.map(renderAccount)}</ul>
</section>
<section aria-labelledby="bill">
<h2 id="bill">A bill has come</h2>
<p>${bill.creditorName} would like ${bill.instructedAmount.amount} ${bill.instructedAmount.currency}. You will see exactly that at the bank, and allow exactly that: no other amount, no other account.</p>
${renderForm('/pay', csrf, 'Pay this bill', undefined)}
</section>
<section aria-labelledby="token">
<h2 id="token">What Tally holds</h2>
${renderToken(session, bankName)}
</section>
${renderTemptation(heist, 'Do not take our word for it. Steal your own token, and see how far you get.')}
${renderForm('/disconnect', csrf, 'Forget this connection', 'plain')}`
}

function renderTemptation(heist: string | undefined, text: string): Markup | undefined {
  if (heist === undefined) return undefined
  return html`<section class="temptation" aria-labelledby="temptation"><h2 id="temptation">Feeling like a thief?</h2>
<p>${text}</p><p><a class="button" href="${heist}">Try a heist</a></p></section>`
}

function renderAccount({ name, id, cents }: ShownAccount): Markup {
  const amount = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' }).format(cents / 100)
  return html`<li><span>${displayText(name)} <code class="soft">${displayText(id)}</code></span> <span class="amount">${amount}</span></li>`
}

function renderToken({ scope, expiresAt }: Session, bankName: string): Markup {
  const until = expiresAt === undefined ? 'soon' : `at ${new Date(expiresAt * 1000).toISOString().slice(11, 19)} UTC`
  return html`<dl class="facts">
<dt>A token</dt><dd>which the bank’s authorization server gave out when you allowed it</dd>
<dt>Good for</dt><dd>${scope.join(', ')}; at ${bankName} and nowhere else</dd>
<dt>Ends</dt><dd>${until}</dd>
<dt>If stolen</dt><dd>worth nothing: every call must also prove, freshly, that Tally’s private key is present</dd>
</dl>`
}

function renderNotice({ kind, sentence, hint, rule, correlationId }: Notice): Markup {
  const id =
    correlationId === undefined
      ? undefined
      : html`<dt>Correlation id</dt><dd><code id="correlation-id">${displayText(correlationId)}</code></dd>`
  const reason =
    rule === undefined
      ? undefined
      : html`<dl class="facts"><dt>Reason</dt><dd><code>${displayText(rule)}</code></dd>${id}</dl>`
  const role = kind === 'refused' ? 'alert' : 'status'
  return html`<div class="notice ${kind}" role="${role}"><p><strong>${sentence}</strong></p><p>${hint}</p>${reason}</div>`
}

function renderForm(action: string, csrf: string, label: string, look: 'plain' | undefined): Markup {
  return html`<form method="post" action="${action}"><input type="hidden" name="csrf" value="${csrf}"><button class="${look}" type="submit">${label}</button></form>`
}
