/** A browser as a script drives it: one jar of cookies, forms, and redirects that it follows on the server only. */

import assert from 'node:assert/strict'
import { openTransport } from './transport.ts'

/** Which pages were shown on the way. */
export type Shown = 'sign_in' | 'consent'

/** Where the browser was sent back to, and what the person saw before. */
export type Outcome = { readonly back: URL; readonly shown: readonly Shown[] }

/** One browser. It stays signed in from one request to the next. */
export type Browser = {
  /** Opens an authorization URL, signs in where that is asked for, and allows. */
  readonly allow: (url: URL, as?: { readonly username: string; readonly password: string }) => Promise<Outcome>
  /** Opens one page, and follows nothing. */
  readonly open: (url: URL) => Promise<Page>
  readonly close: () => void
}

/** An answer as a browser has it. */
type Page = { readonly status: number; readonly location: string | undefined; readonly html: string }

/** The person of these tests. */
export const alice = { username: 'alice', password: 'correct horse' } as const

/** Opens a browser that believes this authority. */
export function openBrowser(trust: { readonly ca: string }): Browser {
  const transport = openTransport(trust)
  const jar = new Map<string, string>()
  const visit = async (url: URL, form?: Readonly<Record<string, string>>): Promise<Page> => {
    const response = await transport.fetch(url.href, {
      method: form === undefined ? 'GET' : 'POST',
      headers: {
        cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      body: form === undefined ? undefined : new URLSearchParams(form),
    })
    for (const cookie of response.headers.getSetCookie()) keep(jar, cookie)
    const location = response.headers.get('location') ?? undefined
    return { status: response.status, location, html: await response.text() }
  }

  const allow: Browser['allow'] = async (url, as = alice) => {
    const shown: Shown[] = []
    const opened = await visit(url)
    const at = new URL(opened.location ?? assert.fail(opened.html))
    // Who is asked nothing is sent back at once.
    if (at.origin !== url.origin) return { back: at, shown }
    let page = await visit(at)
    if (page.html.includes(`${at.pathname}/sign-in"`)) {
      shown.push('sign_in')
      const signedIn = await visit(new URL(`${at.href}/sign-in`), { csrf: csrfIn(page.html), ...as })
      const next = new URL(signedIn.location ?? assert.fail(signedIn.html))
      // Somebody else than the request names is sent back, too.
      if (next.origin !== url.origin) return { back: next, shown }
      page = await visit(next)
    }
    if (page.location !== undefined) return { back: new URL(page.location), shown }
    shown.push('consent')
    const decided = await visit(new URL(`${at.href}/consent`), { csrf: csrfIn(page.html), decision: 'allow' })
    return { back: new URL(decided.location ?? assert.fail(decided.html)), shown }
  }
  return { allow, open: (url) => visit(url), close: transport.close }
}

function keep(jar: Map<string, string>, cookie: string): void {
  const [pair = '', ...attributes] = cookie.split(';')
  const [name = '', value = ''] = pair.split('=')
  if (attributes.some((attribute) => /^ *max-age=0$/i.test(attribute))) jar.delete(name)
  else jar.set(name, value)
}

function csrfIn(html: string): string {
  return /name="csrf"[^>]*value="([^"]*)"/.exec(html)?.[1] ?? assert.fail(html)
}
