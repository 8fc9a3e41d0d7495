/** A browser as the script needs one: it keeps cookies, follows redirects and posts forms. */

import { observed, type Sender, traceHeader } from './trace.ts'

/** What a request brought. */
export type Visit = {
  readonly url: string
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** A form of a page. */
export type Form = {
  readonly action: string
  /** The fields as the page fills them in. */
  readonly fields: Readonly<Record<string, string>>
  /** The buttons that send a value, as `name=value`. */
  readonly buttons: readonly string[]
}

/** Where following stops: the location is returned, not visited. */
export type Until = (location: URL) => boolean

/** One browser with its own cookies; they go to every port of a host, as in real life. */
export class Browser {
  readonly #cookies = new Map<string, Map<string, string>>()
  readonly #sender: Sender

  constructor(of: 'person' | 'thief' = 'person') {
    this.#sender = observed(of, fetch)
  }

  /** Opens a URL and follows redirects. */
  open(url: string, until: Until = () => false): Promise<Visit> {
    return this.#follow(url, undefined, until)
  }

  /** Posts a form of a page with some fields changed, and follows redirects. */
  submit(form: Form, changes: Readonly<Record<string, string>> = {}, until: Until = () => false): Promise<Visit> {
    return this.#follow(form.action, new URLSearchParams({ ...form.fields, ...changes }), until)
  }

  async #follow(url: string, body: URLSearchParams | undefined, until: Until): Promise<Visit> {
    let visit = await this.#send(url, body)
    for (let hops = 0; hops < 10; hops += 1) {
      const location = visit.headers.get('location')
      if (location === null || visit.status < 300 || visit.status > 399) return visit
      const next = new URL(location, visit.url)
      if (until(next)) return { ...visit, url: next.href }
      visit = await this.#send(next.href, undefined)
    }
    throw new Error('too many redirects')
  }

  async #send(url: string, body: URLSearchParams | undefined): Promise<Visit> {
    const { hostname } = new URL(url)
    const jar = this.#cookies.get(hostname) ?? new Map<string, string>()
    this.#cookies.set(hostname, jar)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await this.#sender(url, {
      method: body === undefined ? 'GET' : 'POST',
      redirect: 'manual',
      headers: { accept: 'text/html', ...traceHeader(), ...(cookie === '' ? {} : { cookie }) },
      ...(body === undefined ? {} : { body }),
    })
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      const [name = '', ...value] = pair.split('=')
      jar.set(name, value.join('='))
    }
    return { url, status: response.status, headers: response.headers, text: await response.text() }
  }
}

/** The forms of a page. */
function formsOf({ text, url }: Visit): readonly Form[] {
  return [...text.matchAll(/<form([^>]*)>([^]*?)<\/form>/g)].map(([, attributes = '', content = '']) => {
    const inputs = [...content.matchAll(/<input([^>]*)>/g)].map(([, input = '']) => input)
    const buttons = [...content.matchAll(/<button([^>]*)>/g)].map(([, button = '']) => button)
    return {
      action: new URL(attribute(attributes, 'action'), url).href,
      fields: Object.fromEntries(inputs.map((input) => [attribute(input, 'name'), attribute(input, 'value')])),
      buttons: buttons
        .map((button) => `${attribute(button, 'name')}=${attribute(button, 'value')}`)
        .filter((button) => button !== '='),
    }
  })
}

/**
 * The one form that fits.
 * @throws Error when the page has none, with what it shows instead
 */
export function formOf(visit: Visit, fits: (form: Form) => boolean): Form {
  const form = formsOf(visit).find(fits)
  if (form === undefined) throw new Error(`${visit.status} ${new URL(visit.url).pathname}: ${headingOf(visit)}`)
  return form
}

/** The heading of a page, as text. */
export function headingOf({ text }: Visit): string {
  const heading = /<h1>([^]*?)<\/h1>/.exec(text)?.[1] ?? 'no heading'
  return unescape(heading.replaceAll(/<[^>]*>/g, ''))
}

function attribute(text: string, name: string): string {
  return unescape(new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1] ?? '')
}

function unescape(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
}
