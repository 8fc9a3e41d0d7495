import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { prove } from './behaviour.ts'
import { blockOf, fitted } from './page.ts'

prove({
  title: 'HAProxy with RFC 9440',
  program: 'haproxy',
  adapter: 'rfc9440',
  heading: 'HAProxy with RFC 9440',
  entrances: 'by port',
  chain: 'passed on',
  sessions: 'never resumed',
  configuration: ({ directory, main, mtls, behindMain, behindMtls }) => {
    writeFileSync(join(directory, 'client-cert-chain.lua'), blockOf('HAProxy with RFC 9440', 'lua'))
    const sections = blockOf('HAProxy', 'haproxy').split(/^(?=\S)/m)
    const others = sections.filter((section) => !section.startsWith('frontend mtls\n'))
    assert.equal(others.length, sections.length - 1)
    return fitted(`${others.join('')}\n${blockOf('HAProxy with RFC 9440', 'haproxy')}`, {
      'bind :443 ': `bind 127.0.0.1:${main} `,
      'bind :8443 ': `bind 127.0.0.1:${mtls} `,
      '127.0.0.1:4400': behindMain,
      '127.0.0.1:4443': behindMtls,
      '/etc/strongroom/': `${directory}/`,
    })
  },
})

prove({
  title: 'Caddy',
  program: 'caddy',
  adapter: 'rfc9440',
  heading: 'Caddy',
  entrances: 'by name',
  chain: 'left out',
  sessions: 'resumed',
  configuration: ({ directory, main, behindMain, behindMtls }) => {
    // No certificates from anywhere, and no port but this one.
    const here = `{\n\tadmin off\n\tauto_https off\n\tdefault_bind 127.0.0.1\n\thttps_port ${main}\n}\n`
    const text = fitted(blockOf('Caddy', 'caddyfile'), {
      '127.0.0.1:4400': behindMain,
      '127.0.0.1:4443': behindMtls,
      '/etc/strongroom/': `${directory}/`,
    })
    return here + text
  },
})
