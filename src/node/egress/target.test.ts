import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EgressRefused } from './refused.ts'
import { checkTarget } from './target.ts'

function refused(reason: string, urls: readonly string[]): void {
  for (const url of urls) {
    assert.throws(
      () => checkTarget(url),
      (error) => {
        assert.ok(error instanceof EgressRefused, String(error))
        assert.equal(error.reason, reason, url)
        assert.ok(!error.message.includes('secret'), error.message)
        return true
      },
      url,
    )
  }
  assert.equal(checkTarget('https://keys.example.com/jwks').host, 'keys.example.com')
}

test('a URL is taken apart once', () => {
  assert.deepEqual(checkTarget('https://Keys.Example.com:8443/a/b?c=d'), {
    origin: 'https://keys.example.com:8443',
    authority: 'keys.example.com:8443',
    host: 'keys.example.com',
    kind: 'name',
    port: 8443,
    path: '/a/b?c=d',
  })
  assert.equal(checkTarget('https://keys.example.com').path, '/')
  assert.equal(checkTarget('https://keys.example.com:443/').port, 443)
  assert.equal(checkTarget('HTTPS://keys.example.com:1024/').port, 1024)
  assert.equal(checkTarget('https://keys.example.com:65535/').port, 65_535)
})

test('[AS-REG-07] a host of digits is an address, however it is spelled, and must be public', () => {
  const loopback = ['127.0.0.1', '127.1', '2130706433', '0x7f000001', '0177.0.0.1', '017700000001', '127.0.0.1.']
  const others = ['[::1]', '[0:0:0:0:0:0:0:1]', '[::ffff:10.0.0.1]', '169.254.169.254', '10.0.0.1', '[fe80::1]', '0']
  refused(
    'address_not_allowed',
    [...loopback, ...others].map((host) => `https://${host}/secret`),
  )
  for (const host of ['1.1.1.1', '0x01.1.1.1', '16843009']) {
    const { host: parsed, kind } = checkTarget(`https://${host}/`)
    assert.deepEqual([parsed, kind], ['1.1.1.1', 'address'], host)
  }
  assert.equal(checkTarget('https://[2606:4700:0::1111]/').host, '2606:4700::1111')
})

test('[AS-REG-07] names of this machine and of its network', () => {
  const names = ['localhost', 'LOCALHOST:8443', 'intranet', 'keys.localhost', 'a.b.localhost', 'redis:6379']
  refused(
    'address_not_allowed',
    names.map((host) => `https://${host}/secret`),
  )
  assert.equal(checkTarget('https://localhost.example.com/').host, 'localhost.example.com')
})

test('[AS-REG-07] only https', () => {
  refused('scheme_not_allowed', [
    'http://keys.example.com/secret',
    'http://169.254.169.254/secret',
    'ftp://keys.example.com/secret',
    'file:///secret',
    'gopher://keys.example.com/secret',
    'data:application/json,secret',
    'javascript:secret',
    'wss://keys.example.com/secret',
  ])
})

test('[AS-REG-07] only 443 and ports that need no privilege', () => {
  refused('port_not_allowed', [
    ...[1, 22, 25, 53, 80, 389, 442, 444, 636, 1023].map((port) => `https://keys.example.com:${port}/secret`),
    'https://keys.example.com:0/secret',
  ])
})

test('[AS-REG-07] nothing but host, port, path and query, and one way to read it', () => {
  refused('url_malformed', [
    '',
    'secret',
    '/secret',
    'https://',
    'https:keys.example.com/secret',
    'https:/keys.example.com/secret',
    'https:///keys.example.com/secret',
    'https:\\\\keys.example.com\\secret',
    'https://keys.example.com\\secret',
    'https://keys.example.com\\@10.0.0.1/secret',
    'https://user:secret@keys.example.com/',
    'https://secret@keys.example.com/',
    'https://@keys.example.com/secret',
    'https://keys.example.com/#secret',
    'https://keys.example.com/#',
    'https://keys.example.com./secret',
    'https://localhost./secret',
    'https://keys.example.com:65536/secret',
    ' https://keys.example.com/secret',
    'https://keys.example.com/secret\n',
    'https://keys.example.com/secret path',
    'https://ke\tys.example.com/secret',
    'https://schlüssel.example.com/secret',
    'https://[fe80::1%25lo]/secret',
    `https://keys.example.com/${'a'.repeat(2048)}`,
  ])
  assert.equal(checkTarget(`https://keys.example.com/${'a'.repeat(2023)}`).path.length, 2024)
})
