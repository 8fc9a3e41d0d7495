/** Requests as the bytes that are sent. */

/** A form that is posted; the form may be encoded already. */
export function postBytes(
  url: URL,
  form: Readonly<Record<string, string>> | string,
  headers: Readonly<Record<string, string>>,
): Buffer {
  const body = typeof form === 'string' ? form : encodeForm(form)
  const fields = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(body.length),
    ...headers,
  }
  return Buffer.from(`${head('POST', url, fields)}${body}`)
}

/** A page that is opened. */
export function getBytes(url: URL, headers: Readonly<Record<string, string>>): Buffer {
  return Buffer.from(head('GET', url, { accept: 'text/html', ...headers }))
}

/** A form, encoded. */
export function encodeForm(form: Readonly<Record<string, string>>): string {
  return new URLSearchParams(form).toString()
}

function head(method: string, { host, pathname, search }: URL, fields: Readonly<Record<string, string>>): string {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\n${lines.join('')}\r\n`
}
