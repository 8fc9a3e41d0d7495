import type { PasskeyWay } from '../server/pages.ts'
import { renderCsrf } from './layout.ts'
import { html, type Markup } from './markup.ts'

/** What is said around the button of a passkey. */
type Words = { readonly button: Markup; readonly hint: Markup; readonly failure: Markup }

/**
 * The form that the script fills: hidden until there is a script, and a browser that speaks to authenticators. `ceremony`
 * is the method of navigator.credentials. Web Authentication §5.1.3, §5.1.4.
 */
export function renderPasskeyForm(
  way: PasskeyWay,
  ceremony: 'get' | 'create',
  csrf: string,
  { button, hint, failure }: Words,
  fields?: Markup,
): Markup {
  return html`<div hidden data-needs-script>
<form method="post" action="${way.action}" data-passkey="${ceremony}" data-options="${way.options}">
${renderCsrf(csrf)}
<input type="hidden" name="credential" value="">
${fields}
<button type="submit">${button}</button>
<p class="hint">${hint}</p>
<p role="alert" hidden>${failure}</p>
</form>
</div>`
}
