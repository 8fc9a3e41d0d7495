/** A browser as a flow needs one: it keeps cookies, and fills in the forms of sign-in and consent. RFC 6265 §5. */

import { thePassword, theUsername } from '../actors.ts'
import { type Answer, wrong } from './answer.ts'
import { encodeForm, getBytes, postBytes } from './bytes.ts'

/** One browser of one person. All its requests go to one origin. */
export class Browser {
  readonly #cookies = new Map<string, { readonly pair: string; readonly path: string }>()

  /** The request that opens a page. */
  open(url: URL): Buffer {
    return getBytes(url, this.#cookieField(url))
  }

  /**
   * The request that posts the first form of a page, with everything a form here may ask for.
   * @throws WrongAnswer when it is no page with a form
   */
  fillIn(page: Answer, url: URL): Buffer {
    const html = page.body
    const action = /<form[^>]* action="([^"]+)"/.exec(html)?.[1]
    const csrf = /name="csrf" value="([^"]+)"/.exec(html)?.[1]
    if (page.status !== 200 || action === undefined || csrf === undefined) return wrong(page, 'no form')
    const to = new URL(action, url)
    const form = { csrf, username: theUsername, password: thePassword, decision: 'allow' }
    return postBytes(to, encodeForm(form), { origin: to.origin, ...this.#cookieField(to) })
  }

  /** Keeps the cookies of an answer. */
  keep(answer: Answer): void {
    for (const line of answer.values('set-cookie')) {
      const [pair = '', ...attributes] = line.split(/; */)
      const path = attributes.find((text) => /^path=/i.test(text))?.slice(5) ?? '/'
      const [name = '', value = ''] = pair.split('=', 2)
      // Whoever ends a cookie empties it.
      if (value === '') this.#cookies.delete(`${name};${path}`)
      else this.#cookies.set(`${name};${path}`, { pair, path })
    }
  }

  #cookieField({ pathname }: URL): Record<string, string> {
    const fitting = [...this.#cookies.values()].filter(({ path }) => isBelow(pathname, path))
    return fitting.length === 0 ? {} : { cookie: fitting.map(({ pair }) => pair).join('; ') }
  }
}

/** RFC 6265 §5.1.4. */
function isBelow(pathname: string, path: string): boolean {
  return pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`)
}
