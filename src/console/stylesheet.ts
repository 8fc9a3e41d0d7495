/** The one stylesheet of all pages. */

import { type ColourName, coloursOf, type Look, type Scheme } from './look.ts'
import { accountStyles } from './stylesheet-account.ts'

/**
 * The stylesheet of a look, inlined as it is between `<style>` and `</style>`: a server allows it by its SHA-256 in
 * `style-src` and allows nothing else. Every property is a logical one, so that it reads from right to left as well.
 */
export function stylesheetOf({ colours }: Look): string {
  return `
:root { color-scheme: light dark; ${declare(coloursOf('light', {}))} }
@media (prefers-color-scheme: dark) { :root { ${declare(coloursOf('dark', {}))} } }
${styles}${accountStyles}${ownColours('light', colours)}${ownColours('dark', colours)}`
}

function ownColours(scheme: Scheme, colours: Look['colours']): string {
  const block = `:root { ${declare(colours[scheme])} }`
  if (block === ':root {  }') return ''
  return `@media (prefers-color-scheme: ${scheme}) { ${block} }\n`
}

function declare(colours: Readonly<Partial<Record<ColourName, string>>>): string {
  const set = Object.entries(colours).filter(([, colour]) => colour !== undefined)
  return set
    .map(([name, colour]) => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}: ${colour};`)
    .join(' ')
}

const styles = `
*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
html { font: 100%/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; text-size-adjust: 100%; }
body {
  margin: 0; min-block-size: 100vh; min-block-size: 100svh; padding: clamp(1rem, 5vw, 3rem) clamp(.75rem, 4vw, 2rem);
  background: var(--paper); color: var(--ink); display: flex; flex-direction: column; align-items: center;
  justify-content: center; gap: 1.25rem;
}
body.wide { justify-content: flex-start; }
.brand, main { inline-size: 100%; max-inline-size: 28rem; }
.wide .brand, .wide main { max-inline-size: 46rem; }
.brand { display: flex; align-items: center; gap: .6rem; font-weight: 650; letter-spacing: .01em; overflow-wrap: anywhere; }
.brand img { display: block; max-block-size: 2.5rem; max-inline-size: min(14rem, 100%); }
.mark {
  flex: none; inline-size: 1.5rem; block-size: 1.5rem; border: .19rem solid var(--accent); border-radius: 50%;
  background: radial-gradient(circle, var(--accent) 0 24%, transparent 27%);
}
main { min-inline-size: 0; overflow-wrap: anywhere; }
.narrow main, .wide section {
  padding: clamp(1.25rem, 6vw, 2.25rem); background: var(--card); border: 1px solid var(--line); border-radius: 1rem;
  box-shadow: 0 1px 2px rgb(0 0 0 / .04), 0 .75rem 2.5rem -1rem rgb(0 0 0 / .12);
}
p { margin: 0; }
h1 { margin: 0; font-size: clamp(1.4rem, 1.2rem + 1.2vw, 1.7rem); line-height: 1.22; letter-spacing: -.015em; text-wrap: balance; }
h2 { margin: 0; font-size: 1.05rem; line-height: 1.35; }
h1 + p { margin-block-start: .5rem; }
h2 + p { margin-block-start: .35rem; }
form > h2, .detail > h2 { margin-block-start: 1.75rem; }
p + p, dl + p, form + p, p + form, p + ul, p + dl { margin-block-start: .75rem; }
.soft, .hint { color: var(--soft); }
.hint { font-size: .9rem; }
.last { margin-block-start: 1.25rem; font-size: .9rem; }
a { color: var(--accent); text-underline-offset: .18em; text-decoration-thickness: .08em; }
code { font: .88em/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
bdi { unicode-bidi: isolate; }

dl { margin: 1.25rem 0 0; padding-block: .35rem; border-block: 1px solid var(--line); font-size: .9rem; }
dl > div { display: grid; grid-template-columns: 9rem 1fr; gap: .15rem 1rem; padding-block: .3rem; }
dt { color: var(--soft); }
dd { margin: 0; min-inline-size: 0; }

.scopes { margin: .6rem 0 0; padding: 0; list-style: none; border-block-start: 1px solid var(--line); }
.scopes li { padding-block: .65rem; border-block-end: 1px solid var(--line); }
.scopes code { display: block; inline-size: fit-content; color: var(--soft); font-size: .8rem; }
.badge {
  display: inline-block; padding: .05rem .5rem; border-radius: 1rem; background: var(--accent-paper); color: var(--accent);
  font-size: .78rem; font-weight: 650; vertical-align: .08em;
}
.sentence { font-size: clamp(1.15rem, 1.05rem + .6vw, 1.3rem); line-height: 1.45; }
.sentence strong { font-weight: 700; text-decoration: underline; text-decoration-color: var(--accent); text-decoration-thickness: .1em; text-underline-offset: .2em; }
.holder { margin-block-start: .4rem; font-size: .9rem; }
.detail + .detail { margin-block-start: 1.75rem; border-block-start: 1px solid var(--line); }

label { display: block; margin-block: 1rem .3rem; font-weight: 600; }
input[type="text"], input[type="password"] {
  inline-size: 100%; min-block-size: 2.875rem; padding: .5rem .8rem; font: inherit; color: var(--ink);
  background: var(--field); border: 1px solid var(--edge); border-radius: .6rem;
}
input[aria-invalid="true"] { border-color: var(--alarm); }
fieldset { min-inline-size: 0; margin: 1rem 0 0; padding: .25rem 1rem .75rem; border: 1px solid var(--line); border-radius: .6rem; }
legend { padding-inline: .35rem; font-size: .9rem; color: var(--soft); }
.box { display: grid; grid-template-columns: auto 1fr; align-items: start; gap: .7rem; padding-block: .4rem; }
.box input { inline-size: 1.35rem; block-size: 1.35rem; margin: .1rem 0 0; accent-color: var(--accent); }
.box label { margin: 0; font-weight: 400; }

button {
  inline-size: 100%; min-block-size: 2.875rem; padding: .55rem 1rem; font: inherit; font-weight: 600; line-height: 1.3;
  border: 1px solid var(--action); border-radius: .6rem; background: var(--action); color: var(--on-action);
  cursor: pointer; overflow-wrap: anywhere;
}
button.plain { background: transparent; color: var(--ink); border-color: var(--edge); }
button.grave { background: transparent; color: var(--alarm); border-color: currentColor; }
.way:has(> [data-needs-script][hidden]) ~ .sign-in button { background: var(--action); color: var(--on-action); border-color: var(--action); }
button:hover { box-shadow: 0 0 0 1px currentColor inset; }
button.plain:hover { background: var(--accent-paper); }
:focus-visible { outline: .2rem solid var(--accent); outline-offset: .15rem; border-radius: .3rem; }
button:focus-visible, input:focus-visible { border-radius: .6rem; }
.choice { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(9rem, 100%), 1fr)); gap: .75rem; margin-block-start: 1.75rem; }

.sign-in { margin-block-start: 1.25rem; }
.sign-in button { margin-block-start: 1.4rem; }
.cancel { margin-block-start: 1.25rem; padding-block-start: .75rem; border-block-start: 1px solid var(--line); }
.cancel button { border-color: transparent; color: var(--soft); text-decoration: underline; text-underline-offset: .2em; }
.way { margin-block-start: 1.25rem; }
.way form + form { margin-block-start: .75rem; }
.way .hint { margin-block-start: .6rem; }
.or { display: flex; align-items: center; gap: .9rem; margin-block: 1.25rem; color: var(--soft); font-size: .9rem; }
.or::before, .or::after { content: ""; flex: 1; border-block-start: 1px solid var(--line); }
.way:has(+ .sign-in) > .or { margin-block-end: 0; }
.sign-in:has(label) { margin-block-start: .75rem; }

[role="alert"], [role="status"] { margin-block-start: 1rem; padding: .8rem 1rem; border: 1px solid currentColor; border-radius: .6rem; }
[role="alert"] { color: var(--alarm); background: var(--alarm-paper); }
[role="status"] { color: var(--done); background: var(--done-paper); }
[role="alert"] p + p { margin-block-start: .2rem; }
@media (max-width: 26rem) {
  dl > div { grid-template-columns: 1fr; gap: 0; }
}
@media (prefers-reduced-motion: no-preference) {
  button { transition: background-color .12s ease-out, box-shadow .12s ease-out; }
}
@media (forced-colors: active) {
  .mark { forced-color-adjust: none; }
  .badge { border: 1px solid currentColor; }
  .narrow main, .wide section { box-shadow: none; }
}
`
