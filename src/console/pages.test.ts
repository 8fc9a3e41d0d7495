import assert from 'node:assert/strict'
import { test } from 'node:test'
import { publicRefusal } from '../core/rules.ts'
import { createPages } from './index.ts'
import { displayText, wholeText } from './markup.ts'
import {
  accountView,
  consentView,
  day,
  detailOf,
  errorView,
  everyPage,
  everywhere,
  honestNames,
  signInView,
  signOutView,
} from './views.test-support.ts'

const pages = createPages()

const hostile = {
  markup: '<script>alert(1)</script>',
  attribute: '" autofocus onfocus="alert(1)',
  entity: '&lt;img src=x onerror=alert(1)&gt;',
  closing: '</bdi></h1></style></script><form action="https://evil.example">',
}

/** The tags and attributes of a page, so that two pages can be compared in everything but their text. */
function skeleton(page: string): string[] {
  return [...page.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replaceAll(/="[^"]*"/g, '='))
}

/** A page without its head. */
function bodyOf(page: string): string {
  return page.slice(page.indexOf('<body'))
}

test('[AS-AUTHZ-11] [ER-24] names that hold markup change no tag of any page', () => {
  const honest = everyPage(pages)
  for (const text of Object.values(hostile)) {
    for (const [name, page] of everyPage(pages, everywhere(text))) {
      assert.deepEqual(skeleton(page), skeleton(honest.get(name) ?? ''), `${name}: ${text}`)
    }
  }
  assert.match(honest.get('consent') ?? '', /<bdi>Tally<\/bdi> asks for access/)
})

test('[AS-AUTHZ-11] what the sign-in, sign-out and error pages repeat is inert', () => {
  const typed = (username: string) => ({ password: { action: '/sign-in', username, password: undefined } })
  const fields = (text: string) => ({ fields: [[text, text]] as const })
  const refusing = (text: string) => ({ ...errorView, refusal: { ...errorView.refusal, sentence: text, hint: text } })
  for (const text of Object.values(hostile)) {
    const inert = (page: (text: string) => string) => assert.deepEqual(skeleton(page(text)), skeleton(page('alice')))
    inert((it) => pages.signIn(signInView(honestNames, typed(it))))
    inert((it) => pages.signOut(signOutView(honestNames, fields(it))))
    inert((it) => pages.error(refusing(it)))
  }
})

test('[AS-AUTHZ-11] a name cannot turn the direction of the page, break its line or hide in it', () => {
  assert.equal(displayText('evil\u202egnp.exe'), 'evilgnp.exe')
  assert.equal(displayText('\u2066My\u2069 \u200fBank\u061c'), 'My Bank')
  assert.equal(displayText('My\u0000 \r\nBank\u2028!'), 'My Bank !')
  assert.equal(displayText('My\u200b\ufeff\u00ad\u{e0041}Bank'), 'MyBank')
  assert.equal(displayText(`Z${'\u0301'.repeat(40)}`), `Z${'\u0301'.repeat(3)}`)
  assert.equal(displayText('\ud800'), '\ufffd')
  assert.equal(displayText('My\u3164\u115f\u034fBank'), 'MyBank')
  for (const nothing of ['\u3164', '\u200d', '\u2800 \u200c', '\ufe0f']) assert.equal(displayText(nothing), '')
  assert.equal(Array.from(displayText('𝔅'.repeat(500))).length, 81)
  const turning = {
    ...honestNames,
    client: '\u202e\u200b',
    user: 'a\u202eb',
    device: '\u202e',
    holder: 'Bank\u202e',
    value: 'DE\u202e02',
  }
  for (const [name, page] of everyPage(pages, turning)) {
    assert.doesNotMatch(page, /[\u202a-\u202e\u2066-\u2069\u200b]/, name)
  }
  const page = pages.consent(consentView(turning))
  assert.match(page, /An application without a name asks for access/)
})

test('[AS-AUTHZ-11] an honest name in any script is shown as it is', () => {
  for (const name of ['Bücher & Söhne', 'بنك السلام', 'می\u200cخواهم', '銀行', '👩\u200d💻 Tools']) {
    assert.equal(displayText(name), name)
    assert.equal(wholeText(name), name)
  }
})

test('[AS-AUTHZ-11] names of any length are cut, values that are allowed never are', () => {
  const long = 'x'.repeat(10_000)
  const names = { ...honestNames, client: long, user: long, holder: long, device: long }
  for (const [name, page] of everyPage(pages, names)) assert.ok(!page.includes('x'.repeat(81)), name)
  assert.ok(pages.consent(consentView({ ...honestNames, value: long })).includes(`<strong><bdi>${long}</bdi></strong>`))
  assert.ok(pages.consent(consentView({ ...honestNames, code: long })).includes(`<code dir="ltr">${long}</code>`))
})

test('[AS-AUTHZ-11] nothing invisible hides in a value that is allowed', () => {
  assert.equal(wholeText('DE02\u200b10\u202e01\n00\u0000'), 'DE02\ufffd10\ufffd01 00\ufffd')
  assert.equal(wholeText(`Z${'\u0301'.repeat(9)}`), `Z${'\u0301'.repeat(3)}\ufffd`)
})

test('[AS-AUTHZ-11] consent shows the verified client, every holder and scope, and the person', () => {
  const page = pages.consent(consentView())
  for (const text of ['a-code', 'Demo Bank', 'See your accounts', 'Who you are', 'See your e-mail address', 'alice']) {
    assert.ok(page.includes(text), text)
  }
  assert.match(page, /<time datetime="2026-01-02T03:04:05Z">Jan 2, 2026, 03:04 UTC<\/time>/)
})

test('[AS-RAR-03] consent says in words what exactly is allowed, the values of the request apart from ours', () => {
  const page = pages.consent(consentView())
  assert.match(page, /Pay <strong><bdi>EUR\s123\.50<\/bdi><\/strong> to <strong><bdi>DE02100100109307118603<\/bdi>/)
  assert.ok(page.indexOf('Make one payment') < page.indexOf('Who you are'))
  const markup = pages.consent(consentView({ ...honestNames, value: '<b>nobody</b>' }))
  assert.ok(markup.includes('<strong><bdi>&lt;b&gt;nobody&lt;/b&gt;</bdi></strong>'))
})

test('[AS-RAR-03] every entry that may be left out has a box of its own, and it is checked', () => {
  const page = pages.consent(consentView())
  const boxes = [...page.matchAll(/<input type="checkbox" id="([^"]*)" name="([^"]*)" value="([^"]*)" checked>/g)]
  assert.deepEqual(
    boxes.map(([, , name, value]) => [name, value]),
    [
      ['choice.0.accounts.0', 'on'],
      ['choice.0.accounts.1', 'on'],
    ],
  )
  const form = /<form method="post" action="\/interaction\/abc\/consent">([^]*?)<\/form>/.exec(page)?.[1] ?? ''
  assert.equal(form.split('type="checkbox"').length - 1, 2)
})

test('[AS-AUTHZ-11] what goes beyond an earlier consent is marked, and only then', () => {
  const marked = pages.consent(consentView())
  assert.match(marked, /You allowed this application access on <time .*more/)
  assert.equal(marked.split('class="badge">new<').length - 1, 4)
  assert.doesNotMatch(marked, /Recognise you when you come back<?[^/]*badge/)
  assert.doesNotMatch(pages.consent(consentView(honestNames, { before: undefined })), /class="badge"|You allowed/)
})

test('[AS-AUTHZ-11] what happens to it is said: whose it is, and whether the person is asked again', () => {
  const withDetails = pages.consent(consentView())
  assert.match(withDetails, /What happens to it.*own key only.*is asked every time/s)
  const scopesOnly = pages.consent(consentView(honestNames, { details: [] }))
  assert.match(scopesOnly, /own key only.*You are not asked again for the same/s)
  assert.doesNotMatch(scopesOnly, /is asked every time/)
})

test('[AS-AUTHZ-11] who is asked for no more than before reads just that', () => {
  const { asks, before } = consentView()
  assert.ok(before !== undefined)
  const scope = asks.flatMap(({ scopes }) => scopes.map(({ name }) => name))
  const page = pages.consent(consentView(honestNames, { before: { ...before, scope }, details: [] }))
  assert.match(page, /You allowed this application as much on <time/)
  assert.doesNotMatch(page, /class="badge"/)
})

test('[AS-AUTHZ-11] consent says for how long, and where it can be taken back', () => {
  assert.match(pages.consent(consentView()), /Up to 30 days, also while you are away/)
  assert.match(pages.consent(consentView()), /in <a href="\/account">your account<\/a>/)
  const short = { kind: 'offline', seconds: 90 } as const
  assert.match(pages.consent(consentView(honestNames, { lasts: short })), /Up to 2 minutes/)
  assert.match(pages.consent(consentView(honestNames, { lasts: { kind: 'sign_in' } })), /Until you sign out here/)
})

test('[AS-AUTHZ-11] refusing comes first and looks like allowing', () => {
  const buttons = [...pages.consent(consentView()).matchAll(/<button([^>]*)value="(\w+)"/g)]
  assert.deepEqual(
    buttons.map(([, , value]) => value),
    ['deny', 'allow'],
  )
  assert.equal(buttons[0]?.[1], buttons[1]?.[1])
})

test('[AS-RAR-03] a choice that left nothing is told on the page itself, and can be made again', () => {
  const failed = publicRefusal('authorization_details_empty_choice')
  const page = pages.consent(consentView(honestNames, { failed }))
  const [, alert = ''] = /<div role="alert" id="failure">([^]*?)<\/div>/.exec(page) ?? []
  assert.ok(alert.includes(failed.sentence) && alert.includes(failed.hint), alert)
  assert.match(page, /<fieldset aria-describedby="failure">/)
  assert.equal([...page.matchAll(/<input type="checkbox"[^>]* checked>/g)].length, 2)
  const german = pages.consent(consentView(honestNames, { failed, languages: ['de'] }))
  assert.match(german, /role="alert" id="failure"><p><strong>Von einer Liste blieb nichts/)
  assert.doesNotMatch(pages.consent(consentView()), /<div role="alert"|id="failure"|aria-describedby/)
})

test('[AS-AUTHZ-14] no page loads anything, or leads anywhere but to its own forms and links', () => {
  const own = new Set(['/account', '/account/again', '/logout'])
  for (const [name, page] of everyPage(pages)) {
    assert.doesNotMatch(page, /<link|<img|<iframe|\bsrc=|\bon\w+=|url\(|@import|https?:|\sstyle=/i, name)
    for (const [, href = ''] of page.matchAll(/\bhref="([^"]*)"/g)) assert.ok(own.has(href), `${name}: ${href}`)
  }
  for (const page of [pages.error(errorView), pages.signedOut({ languages: [] })])
    assert.doesNotMatch(page, /<form|<a\b/)
})

test('[AS-AUTHZ-14] style and script stand in a page byte for byte as they are exported, so that their hashes allow them', () => {
  for (const [name, page] of everyPage(pages)) {
    const styles = [...page.matchAll(/<style>([^]*?)<\/style>/g)]
    assert.deepEqual(
      styles.map(([, style]) => style),
      [pages.stylesheet],
      name,
    )
    const scripts = [...page.matchAll(/<script>([^]*?)<\/script>/g)].map(([, script]) => script)
    assert.deepEqual(scripts, page.includes('data-passkey') ? [pages.script] : [], name)
    assert.equal(page.split('<script').length - 1, scripts.length, name)
  }
  assert.match(pages.signIn(signInView()), /data-passkey="get"/)
  assert.match(pages.account(accountView()), /data-passkey="create"/)
})

test('[AS-AUTHZ-15] every form posts its anti-CSRF token', () => {
  for (const [name, page] of everyPage(pages)) {
    const forms = [...page.matchAll(/<form[^>]*method="post"[^>]*>([^]*?)<\/form>/g)]
    assert.equal(forms.length, page.split('<form').length - 1, name)
    for (const [, body] of forms) assert.match(body ?? '', /name="csrf" value="a-code"/, name)
  }
})

test('every page has one heading of the first level, a main part, one language, and no id twice', () => {
  for (const [name, page] of everyPage(pages)) {
    assert.equal(page.split('<h1>').length - 1, 1, name)
    assert.equal(page.split('<main>').length - 1, 1, name)
    assert.match(page, /^<!doctype html>\n<html lang="en" dir="ltr">/, name)
    const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)
    assert.deepEqual(ids, [...new Set(ids)], name)
    for (const [, named = ''] of page.matchAll(/aria-(?:labelledby|describedby)="([^"]*)"/g)) {
      for (const id of named.split(' ')) assert.ok(ids.includes(id), `${name}: ${id}`)
    }
    const levels = [...page.matchAll(/<h(\d)/g)].map(([, level]) => Number(level))
    levels.forEach((level, at) => assert.ok(level <= (levels[at - 1] ?? 0) + 1, `${name}: h${level}`))
  }
})

test('every field people fill in has a label of its own', () => {
  let seen = 0
  for (const [name, page] of everyPage(pages)) {
    for (const [input] of page.matchAll(/<input(?![^>]*type="hidden")[^>]*>/g)) {
      const id = / id="([^"]*)"/.exec(input)?.[1] ?? assert.fail(input)
      assert.equal(page.split(`<label for="${id}">`).length - 1, 1, `${name}: ${id}`)
      seen += 1
    }
  }
  assert.ok(seen >= 12)
})

test('sign_in_failed is announced, keeps the name, and never echoes a password', () => {
  const password = { action: '/sign-in', username: 'alice', password: undefined }
  const page = pages.signIn(signInView(honestNames, { password, failed: publicRefusal('password_wrong') }))
  assert.match(page, /role="alert" id="failure"/)
  assert.ok(page.includes(publicRefusal('user_unknown').sentence))
  assert.match(page, /name="username"[^>]*value="alice"[^>]*aria-describedby="failure"/)
  assert.match(page, /autocomplete="current-password"[^>]*value=""[^>]* autofocus/)
  assert.match(page, /<label for="username">[^]*<label for="password">/)
  assert.ok(page.indexOf('id="failure"') < page.indexOf('<form'))
  assert.doesNotMatch(page, /demonstration/)
  assert.doesNotMatch(bodyOf(pages.signIn(signInView())), /id="failure"|aria-invalid="true"/)
})

test('the ways to sign in stand in one order: passkey, password, other providers, cancel', () => {
  const page = pages.signIn(signInView())
  const actions = [...page.matchAll(/<form[^>]* action="([^"]*)"/g)].map(([, action]) => action)
  const base = '/interaction/abc'
  assert.deepEqual(actions, [`${base}/passkey`, `${base}/sign-in`, `${base}/upstream/city`, `${base}/cancel`])
  assert.match(page, /Continue with <bdi>City<\/bdi>/)
})

test('a passkey is offered to whom a script runs for; who has no other way is told what it takes', () => {
  const page = pages.signIn(signInView())
  assert.match(page, /<div hidden data-needs-script>\s*<form[^>]*data-passkey="get" data-options="{&quot;challenge/)
  assert.doesNotMatch(page, /data-without-script>/)
  const only = pages.signIn(signInView(honestNames, { password: undefined, upstream: [] }))
  assert.match(only, /<p data-without-script>Passkeys need/)
})

test('the sign-in page says why it asks again, and what for', () => {
  assert.match(pages.signIn(signInView(honestNames, { demand: 'again' })), /needs a fresh sign-in/)
  assert.match(pages.signIn(signInView(honestNames, { demand: 'passkey' })), /needs a sign-in with a passkey/)
  assert.match(pages.signIn(signInView(honestNames, { occasion: { kind: 'account' } })), /manage your account/)
  assert.doesNotMatch(pages.signIn(signInView()), /fresh sign-in|needs a sign-in|manage your account/)
})

test('AS-OIDC-09 the page that asks names the person and the application, and says how to stay', () => {
  const page = pages.signOut(signOutView())
  for (const text of ['Tally', 'alice', 'close this page']) assert.ok(page.includes(text), text)
  assert.match(page, /<input type="hidden" name="state" value="a-code">/)
  assert.doesNotMatch(pages.signOut(signOutView(honestNames, { client: undefined })), /asks to sign you out/)
})

test('the demo prefills the form and says so', () => {
  const password = { action: '/sign-in', username: 'alice', password: 'correct horse' }
  const page = pages.signIn(signInView(honestNames, { password }))
  assert.match(page, /This is a demonstration/)
  assert.match(page, /value="correct horse"/)
})

/** The forms of a page: where they lead, and what they send beside the anti-CSRF token. */
function formsOf(page: string): readonly string[] {
  return [...page.matchAll(/<form[^>]* action="([^"]*)"[^>]*>([^]*?)<\/form>/g)].map(([, action, body = '']) =>
    [
      action,
      ...[...body.matchAll(/name="(?!csrf)(\w+)"(?:[^>]* value="([^"]*)")?/g)].map(
        ([, name, value]) => `${name}=${value}`,
      ),
    ].join(' '),
  )
}

test('the account page ends one access, all of one application, or everything, each with its own form', () => {
  assert.deepEqual(
    formsOf(pages.account(accountView())).filter((form) => form.startsWith('/account/access')),
    ['/account/access ref=first', '/account/access ref=second', '/account/access client_id=a-code', '/account/access'],
  )
})

test('the account page ends every other sign-in, and tells which one this is', () => {
  const page = pages.account(accountView())
  assert.deepEqual(
    formsOf(page).filter((form) => form.startsWith('/account/session')),
    ['/account/session sid=there', '/account/session sid=elsewhere'],
  )
  assert.equal(page.split('this browser').length - 1, 1)
  assert.match(page, /with: <bdi>passkey, several factors<\/bdi>/)
  assert.match(page, /with: <bdi>password, a-code<\/bdi>/)
  assert.match(page, /with: <bdi>another provider<\/bdi>/)
  assert.match(page, /A browser that does not say what it is/)
})

test('the account page changes passkeys only after a fresh sign-in', () => {
  const open = formsOf(pages.account(accountView())).filter((form) => form.startsWith('/account/passkey'))
  assert.equal(open.length, 7)
  assert.ok(open.includes('/account/passkey/name credential_id=one name=Firefox on Linux'))
  assert.ok(open.includes('/account/passkey/remove credential_id=two'))
  const closed = pages.account(accountView(honestNames, { enrolment: { kind: 'sign_in_again' } }))
  assert.doesNotMatch(closed, /action="\/account\/passkey|<script/)
  assert.match(closed, /<a href="\/account\/again">sign in again<\/a>/)
  const full = pages.account(accountView(honestNames, { enrolment: { kind: 'full' } }))
  assert.doesNotMatch(full, /action="\/account\/passkey"|<script/)
  assert.match(full, /action="\/account\/passkey\/remove"[^]*as many passkeys as there can be/)
})

test('the account page offers no passkeys where there are none to be had', () => {
  const enrolment = { kind: 'not_offered' } as const
  assert.doesNotMatch(pages.account(accountView(honestNames, { enrolment, passkeys: [] })), /[Pp]asskeys|<script/)
  const left = pages.account(accountView(honestNames, { enrolment }))
  assert.match(left, /Passkeys cannot be used at the address of this server/)
  assert.doesNotMatch(left, /action="\/account\/passkey|<script/)
})

test('the account page says when it does not hold every application', () => {
  assert.match(pages.account(accountView(honestNames, { shown: 'newest' })), /there are more than fit here/)
  assert.doesNotMatch(pages.account(accountView()), /there are more than fit here/)
})

test('the account page says what was done, what failed and what happened', () => {
  const failed = publicRefusal('csrf_token_invalid')
  const page = pages.account(accountView(honestNames, { notice: 'passkey_added', failed }))
  assert.match(page, /<p role="status">The passkey was added/)
  assert.ok(page.includes(failed.sentence))
  assert.match(page, /A sign-in failed <strong class="badge">prevented<\/strong> <span class="soft">3 times/)
  assert.match(page, /a second time <strong class="badge">access ended<\/strong>/)
  assert.match(page, /Something else was noted \(<code dir="ltr">a-code<\/code>\)/)
  assert.doesNotMatch(bodyOf(pages.account(accountView())), /role="status"|<div role="alert"/)
})

test('an empty account is said kindly', () => {
  const page = everyPage(pages).get('account, empty') ?? ''
  for (const text of [
    'No application has access',
    'You are signed in nowhere else',
    'no passkey yet',
    'Nothing happened',
  ]) {
    assert.ok(page.includes(text), text)
  }
  assert.doesNotMatch(page, /<ul|<ol|<details/)
})

test('a detail is said in the account as it was at consent', () => {
  const { element, consent } = detailOf(honestNames)
  assert.equal(element.type, 'payment')
  assert.ok(typeof consent.text === 'object')
  const sentence = /<p class="sentence" dir="auto">(Pay [^]*?)<\/p>/
  const asked = sentence.exec(pages.consent(consentView()))?.[1]
  assert.ok(asked !== undefined)
  assert.equal(sentence.exec(pages.account(accountView()))?.[1], asked)
  assert.equal(day(0), 1_767_323_045)
})
