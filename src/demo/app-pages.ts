import type { Session } from '../client/index.ts'
import { displayText, html, type Markup, ownMarkup } from '../console/markup.ts'
import type { Notice } from './app-sessions.ts'

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
}

/** The app's stylesheet, inlined in its page exactly so. */
export const appStylesheet = `
:root { color-scheme: light dark; --paper: #eef6f3; --card: #fff; --ink: #10312b; --soft: #4d6b64; --line: #cfe2dc;
  --leaf: #0d6b57; --on-leaf: #fff; --edge: #6f8c85; --warn: #8c3a12; --warn-paper: #fff3ea; }
@media (prefers-color-scheme: dark) { :root { --paper: #0b1916; --card: #11241f; --ink: #e2f1ec; --soft: #9dbab2;
  --line: #24433b; --leaf: #5fd3b8; --on-leaf: #06201a; --edge: #6f8c85; --warn: #ffbe96; --warn-paper: #2e1c10; } }
*, *::before, *::after { box-sizing: border-box; }
html { font: 100%/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
body { margin: 0; padding: clamp(1rem, 5vw, 3rem) 1rem; background: var(--paper); color: var(--ink); }
main { max-width: 40rem; margin: 0 auto; }
.brand { margin: 0 0 1.5rem; font-weight: 700; color: var(--leaf); }
h1 { margin: 0 0 .75rem; font-size: clamp(1.6rem, 6vw, 2.2rem); line-height: 1.15; letter-spacing: -.02em; }
h2 { margin: 0 0 .5rem; font-size: 1.05rem; }
p { margin: 0 0 1rem; }
.soft { color: var(--soft); }
section, .notice { margin: 1.5rem 0; padding: 1.25rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 1rem; overflow-wrap: anywhere; }
.notice { border-left: .35rem solid var(--leaf); }
.notice p { margin: 0; }
.notice.refused { border-left-color: var(--warn); background: var(--warn-paper); }
ul { margin: 0; padding: 0; list-style: none; }
li { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .25rem 1rem; padding: .75rem 0;
  border-top: 1px solid var(--line); }
li:first-child { border-top: 0; }
.amount { font-variant-numeric: tabular-nums; font-weight: 600; }
dl { display: grid; grid-template-columns: minmax(6rem, auto) 1fr; gap: .4rem 1rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; }
code { font: .9em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
button { min-height: 2.75rem; padding: .5rem 1.25rem; font: inherit; font-weight: 600; border-radius: 2rem;
  border: 1px solid var(--leaf); background: var(--leaf); color: var(--on-leaf); cursor: pointer; }
button.plain { background: transparent; color: var(--ink); border-color: var(--edge); }
:focus-visible { outline: 3px solid var(--leaf); outline-offset: 3px; }
`

/** The one page of the app. */
export function renderApp(view: AppView): string {
  const content = view.connection === undefined ? renderInvitation(view) : renderConnection(view, view.connection)
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Tally</title>
<style>${ownMarkup(appStylesheet)}</style>
</head>
<body>
<main>
<p class="brand">Tally</p>
${view.notice === undefined ? undefined : renderNotice(view.notice)}
${content}
</main>
</body>
</html>
`.toString()
}

function renderInvitation({ csrf, bankName }: AppView): Markup {
  return html`<h1>All your money at a glance</h1>
<p>Tally shows the accounts you hold at ${bankName}. You sign in at the bank, not here: Tally never sees your password.</p>
${renderForm('/connect', csrf, 'Connect your bank', undefined)}`
}

function renderConnection(
  { csrf, bankName }: AppView,
  { session, name, accounts }: NonNullable<AppView['connection']>,
): Markup {
  return html`<h1>Hello, <bdi>${displayText(name)}</bdi></h1>
<section aria-labelledby="accounts">
<h2 id="accounts">Your accounts at ${bankName}</h2>
<ul>${accounts.map(renderAccount)}</ul>
</section>
<section aria-labelledby="token">
<h2 id="token">What Tally holds</h2>
${renderToken(session, bankName)}
</section>
${renderForm('/disconnect', csrf, 'Forget this connection', 'plain')}`
}

function renderAccount({ name, id, cents }: ShownAccount): Markup {
  const amount = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' }).format(cents / 100)
  return html`<li><span>${displayText(name)} <code class="soft">${displayText(id)}</code></span> <span class="amount">${amount}</span></li>`
}

function renderToken({ scope, expiresAt }: Session, bankName: string): Markup {
  const until = expiresAt === undefined ? 'soon' : `at ${new Date(expiresAt * 1000).toISOString().slice(11, 19)} UTC`
  return html`<dl>
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
    rule === undefined ? undefined : html`<dl><dt>Reason</dt><dd><code>${displayText(rule)}</code></dd>${id}</dl>`
  const role = kind === 'refused' ? 'alert' : 'status'
  return html`<div class="notice ${kind}" role="${role}"><p><strong>${sentence}</strong></p><p>${hint}</p>${reason}</div>`
}

function renderForm(action: string, csrf: string, label: string, look: 'plain' | undefined): Markup {
  return html`<form method="post" action="${action}"><input type="hidden" name="csrf" value="${csrf}"><button class="${look}" type="submit">${label}</button></form>`
}
