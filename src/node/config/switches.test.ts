import assert from 'node:assert/strict'
import { test } from 'node:test'
import { observed } from '../../../test/observations.ts'
import { ConfigError, loadConfig } from './index.ts'

/** What other servers have a switch for, and this one a rule. */
const switches = [
  'allowUnregisteredRedirectUris',
  'acceptLegacyAudiences',
  'rotateRefreshTokens',
  'rememberJti',
  'allowBearerTokens',
  'requirePushedAuthorizationRequests',
  'requirePkce',
  'insecureSkipVerify',
]

test('[OPS-08] no switch lowers the profile: a server told of one does not start, and says which', () => {
  const flags = { issuer: 'https://id.example', 'store.kind': 'memory' }
  const sources = { file: undefined, env: {}, flags }
  assert.equal(loadConfig(sources).server.issuer, 'https://id.example')
  for (const name of switches) {
    for (const at of [name, `lifetimes.${name}`]) {
      assert.throws(
        () => loadConfig({ ...sources, flags: { ...flags, [at]: 'true' } }),
        (error) => error instanceof ConfigError && error.message.includes(name),
        at,
      )
    }
  }
  observed('OPS-08', 'a startup error that names the switch')
})
