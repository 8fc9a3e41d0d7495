/** A browser that goes wherever it is sent, on several sites: a jar of cookies for each, forms, and redirects. */

import assert from 'node:assert/strict'

/** What a person has before them, or where the browser was sent that nobody listens at. */
export type Page = { readonly url: URL; readonly status: number; readonly html: string }

/** One browser. */
export type WebBrowser = {
  /** Goes there, or posts a form there, and follows every redirect. */
  readonly go: (url: string, form?: Readonly<Record<string, string>>) => Promise<Page>
  /** The same, but stops before an address that begins like this, and returns it. */
  readonly hold: (url: string, form: Readonly<Record<string, string>>, before: string) => Promise<string>
  /** Loses the cookies of one site. */
  readonly forget: (origin: string) => void
  /** Every address it went to. */
  readonly visited: readonly string[]
}

/** Opens one; it stops before it would go to `end`. */
export function openWebBrowser(end: string): WebBrowser {
  const jars = new Map<string, Map<string, string>>()
  const visited: string[] = []
  const ask = async (url: URL, form: Readonly<Record<string, string>> | undefined): Promise<Response> => {
    visited.push(url.href)
    const jar = jars.get(url.origin) ?? new Map<string, string>()
    jars.set(url.origin, jar)
    const response = await fetch(url, {
      method: form === undefined ? 'GET' : 'POST',
      redirect: 'manual',
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';')
      const [name = '', value = ''] = pair.split('=')
      if (value === '') jar.delete(name)
      else jar.set(name, value)
    }
    return response
  }
  const follow = async (
    start: string,
    form: Readonly<Record<string, string>> | undefined,
    ends: readonly string[],
  ): Promise<Page> => {
    let url = new URL(start)
    let response = await ask(url, form)
    for (let hops = 0; hops < 12; hops += 1) {
      const location = response.headers.get('location')
      if (location === null) return { url, status: response.status, html: await response.text() }
      await response.body?.cancel()
      url = new URL(location, url)
      if (ends.some((one) => url.href.startsWith(one))) return { url, status: response.status, html: '' }
      response = await ask(url, undefined)
    }
    return assert.fail(`round and round: ${url.href}`)
  }
  return {
    go: (url, form) => follow(url, form, [end]),
    hold: async (url, form, before) => (await follow(url, form, [end, before])).url.href,
    forget: (origin) => void jars.delete(origin),
    visited,
  }
}

/** The csrf field of a page of ours. */
export function csrfIn({ html }: Page): string {
  return /name="csrf"[^>]*value="([^"]*)"/.exec(html)?.[1] ?? assert.fail(html)
}
