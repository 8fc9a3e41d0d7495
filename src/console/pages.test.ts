import assert from 'node:assert/strict'
import { test } from 'node:test'
import { correlationId } from '../core/names.ts'
import { publicRefusal } from '../core/rules.ts'
import type { ConsentView, SignInView, SignOutView } from '../server/pages.ts'
import { createPages } from './index.ts'
import { displayText } from './markup.ts'

const pages = createPages()
const client = { name: 'Tally', clientId: 'tally-app', redirectHost: 'app.example' }
const honestSignIn: SignInView = {
  client,
  action: '/interaction/abc/sign-in',
  cancelAction: '/interaction/abc/cancel',
  csrf: 'csrf-token',
  username: '',
  password: undefined,
  failed: undefined,
}
const honestConsent: ConsentView = {
  client,
  username: 'alice',
  action: '/interaction/abc/decision',
  csrf: 'csrf-token',
  asks: [{ holder: 'Demo Bank', scopes: [{ name: 'accounts', description: 'See your accounts' }] }],
}
const honestSignOut: SignOutView = {
  client: 'Tally',
  username: 'alice',
  action: '/logout/confirm',
  csrf: 'csrf-token',
  fields: [['state', 'a state']],
}
const errorView = { refusal: publicRefusal('authorization_not_pushed'), correlationId: correlationId('c'.repeat(22)) }

const hostile = {
  markup: '<script>alert(1)</script>',
  attribute: '" autofocus onfocus="alert(1)',
  entity: '&lt;img src=x onerror=alert(1)&gt;',
  closing: '</bdi></h1><form action="https://evil.example">',
}

/** The tags and attributes of a page, so that two pages can be compared in everything but their text. */
function skeleton(page: string): string[] {
  return [...page.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replaceAll(/="[^"]*"/g, '='))
}

test('[AS-AUTHZ-11] [ER-24] names that hold markup change no tag of the consent page', () => {
  const honest = pages.consent(honestConsent)
  for (const name of Object.values(hostile)) {
    const page = pages.consent({
      ...honestConsent,
      client: { name, clientId: name, redirectHost: name },
      username: name,
      asks: [{ holder: name, scopes: [{ name, description: name }] }],
    })
    assert.deepEqual(skeleton(page), skeleton(honest), name)
  }
  assert.match(honest, /<bdi>Tally<\/bdi> asks for access/)
})

test('[AS-AUTHZ-11] every value of the sign-in and error page is inert', () => {
  for (const text of Object.values(hostile)) {
    const view = { ...honestSignIn, client: { name: text, clientId: text, redirectHost: text }, csrf: text }
    const control = skeleton(pages.signIn({ ...honestSignIn, username: 'alice' }))
    assert.deepEqual(skeleton(pages.signIn({ ...view, username: text })), control, text)
    const leaving = { ...honestSignOut, client: text, username: text, csrf: text, fields: [[text, text]] } as const
    assert.deepEqual(skeleton(pages.signOut(leaving)), skeleton(pages.signOut(honestSignOut)), text)
    const refusal = { ...errorView.refusal, sentence: text, hint: text }
    assert.deepEqual(skeleton(pages.error({ ...errorView, refusal })), skeleton(pages.error(errorView)), text)
  }
})

test('[AS-AUTHZ-11] a name cannot turn the direction of the page, break its line or hide in it', () => {
  assert.equal(displayText('evil\u202egnp.exe'), 'evilgnp.exe')
  assert.equal(displayText('\u2066My\u2069 \u200fBank\u061c'), 'My Bank')
  assert.equal(displayText('My\u0000 \r\nBank\u2028!'), 'My Bank !')
  assert.equal(displayText('My\u200b\ufeff\u00ad\u{e0041}Bank'), 'MyBank')
  assert.equal(displayText(`Z${'\u0301'.repeat(40)}`), `Z${'\u0301'.repeat(3)}`)
  assert.equal(displayText('\ud800'), '\ufffd')
  assert.equal(Array.from(displayText('𝔅'.repeat(500))).length, 81)
  const page = pages.consent({ ...honestConsent, client: { ...client, name: '\u202e\u200b' } })
  assert.match(page, /An application without a name asks for access/)
  assert.doesNotMatch(page, /[\u202a-\u202e\u2066-\u2069\u200b]/)
})

test('[AS-AUTHZ-11] an honest name in any script is shown as it is', () => {
  for (const name of ['Bücher & Söhne', 'بنك السلام', 'می\u200cخواهم', '銀行', '👩\u200d💻 Tools']) {
    assert.equal(displayText(name), name)
  }
})

test('[AS-AUTHZ-11] consent shows the verified client, every holder and scope, and the person', () => {
  const page = pages.consent(honestConsent)
  for (const text of ['tally-app', 'app.example', 'Demo Bank', 'See your accounts', 'accounts', 'alice']) {
    assert.ok(page.includes(text), text)
  }
})

test('[AS-AUTHZ-11] refusing comes first and looks like allowing', () => {
  const buttons = [...pages.consent(honestConsent).matchAll(/<button([^>]*)value="(\w+)"/g)]
  assert.deepEqual(
    buttons.map(([, , value]) => value),
    ['deny', 'allow'],
  )
  assert.equal(buttons[0]?.[1], buttons[1]?.[1])
})

test('[AS-AUTHZ-14] no page carries script, loads anything, or leads anywhere but to its own forms', () => {
  const all = [
    pages.signIn(honestSignIn),
    pages.signIn({ ...honestSignIn, failed: publicRefusal('password_wrong') }),
    pages.consent(honestConsent),
    pages.signOut(honestSignOut),
    pages.signOut({ ...honestSignOut, client: undefined, fields: [] }),
    pages.signedOut(),
    pages.error(errorView),
  ]
  for (const page of all) {
    assert.equal(typeof page, 'string')
    assert.doesNotMatch(page, /<script|<link|<img|<iframe|<a\b|\bsrc=|\bhref=|\bon\w+=|url\(|@import|https?:/i)
  }
  for (const page of [pages.error(errorView), pages.signedOut()]) assert.doesNotMatch(page, /<form/)
})

test('[AS-AUTHZ-14] the one style element holds the exported stylesheet byte for byte, so that its hash allows it', () => {
  const styles = [...pages.signIn(honestSignIn).matchAll(/<style>([^]*?)<\/style>/g)]
  assert.equal(styles.length, 1)
  assert.equal(styles[0]?.[1], pages.stylesheet)
  assert.doesNotMatch(pages.consent(honestConsent), /\sstyle=/)
})

test('[AS-AUTHZ-15] every form posts its anti-CSRF token', () => {
  for (const page of [pages.signIn(honestSignIn), pages.consent(honestConsent), pages.signOut(honestSignOut)]) {
    const forms = [...page.matchAll(/<form[^>]*method="post"[^>]*>([^]*?)<\/form>/g)]
    assert.equal(forms.length, page.split('<form').length - 1)
    for (const [, body] of forms) assert.match(body ?? '', /name="csrf" value="csrf-token"/)
  }
})

test('sign_in_failed is announced, keeps the name, and never echoes a password', () => {
  const page = pages.signIn({ ...honestSignIn, username: 'alice', failed: publicRefusal('password_wrong') })
  assert.match(page, /role="alert" id="failure"/)
  assert.ok(page.includes(publicRefusal('user_unknown').sentence))
  assert.match(page, /name="username"[^>]*value="alice"[^>]*aria-describedby="failure"/)
  assert.match(page, /autocomplete="current-password"[^>]*value=""/)
  assert.match(page, /<label for="username">[^]*<label for="password">/)
  assert.doesNotMatch(page, /demonstration/)
})

test('AS-OIDC-09 the page that asks names the person and the application, and says how to stay', () => {
  const page = pages.signOut(honestSignOut)
  for (const text of ['Tally', 'alice', 'close this page']) assert.ok(page.includes(text), text)
  assert.match(page, /<input type="hidden" name="state" value="a state">/)
  assert.doesNotMatch(pages.signOut({ ...honestSignOut, client: undefined }), /asks to sign you out/)
})

test('the demo prefills the form and says so', () => {
  const page = pages.signIn({ ...honestSignIn, username: 'alice', password: 'correct horse' })
  assert.match(page, /This is a demonstration/)
  assert.match(page, /value="correct horse"/)
})
