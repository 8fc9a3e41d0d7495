import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test, type TestContext } from 'node:test'
import { aParty } from '../../test/flow/parties.ts'
import { aWorld, dawn, redirectUri, register, theBank } from '../../test/flow/world.ts'
import { observed } from '../../test/observations.ts'
import type { ClientRecord } from '../core/client.ts'
import { certificateThumbprint, issuer, resourceIdentifier } from '../core/names.ts'
import type { Handler } from '../core/ports.ts'
import { listen, type ListenOptions } from '../node/listener.ts'
import { parseClientCertificate } from '../node/tls/certificates.ts'
import { alternativeNames } from '../node/tls/make-certificate.ts'
import { aClient, aRoot, type Party } from '../node/tls/pki.test-support.ts'
import { openTrustAnchors } from '../node/tls/trust-anchors.ts'
import { refused } from './fixtures.test-support.ts'
import { type ClientConfig, type ClientPorts, createClient, nodeClientPorts, parsePrivateJwk } from './index.ts'
import { aBrowserAt, allow } from './real-server.test-support.ts'

const directory = mkdtempSync(join(tmpdir(), 'strongroom-mtls-'))
after(() => rmSync(directory, { recursive: true }))

const times = { notBefore: 0, notAfter: 4_000_000_000 }
const root = aRoot(times)
const theServer = aClient(root, {
  ...times,
  name: 'CN=localhost',
  extensions: [alternativeNames('localhost', Uint8Array.of(127, 0, 0, 1))],
})
const named = aClient(root, { ...times, name: 'CN=app,O=Example Ltd' })
const selfMade = aClient(undefined, { ...times, name: 'CN=self made' })
const another = aClient(root, { ...times, name: 'CN=another,O=Example Ltd' })
const key = aParty('ES256', 'app')

const tls = {
  certificate: join(directory, 'server.pem'),
  key: join(directory, 'server.key'),
  minVersion: 'TLSv1.3',
} as const
writeFileSync(tls.certificate, theServer.pem)
writeFileSync(tls.key, theServer.keyPem, { mode: 0o600 })

type Arrival = { readonly at: string; readonly path: string; readonly certificate: string | undefined }

/** A server with two doors and an API, all over TLS; whoever comes in is noted. */
async function aSetting(t: TestContext, mainDoor: 'requested' | 'none' = 'none') {
  t.mock.timers.enable({ apis: ['Date'], now: dawn * 1000 })
  const arrivals: Arrival[] = []
  const open = async (at: 'main' | 'mtls' | 'api', clientCertificates: 'requested' | 'none') => {
    let handler: Handler = () => Promise.resolve(new Response(null, { status: 503 }))
    const noting: Handler = (request, connection) => {
      const { target, certificate } = connection
      arrivals.push({ at, path: target.split('?')[0] ?? '', certificate: certificate?.thumbprint })
      return handler(request, connection)
    }
    const entrance: Pick<ListenOptions, 'entrance'> = at === 'mtls' ? { entrance: 'mtls' } : {}
    const options = { host: 'localhost', port: 0, drainMs: 100, tls: { ...tls, clientCertificates }, ...entrance }
    const listener = await listen(noting, options)
    t.after(() => listener.close())
    return { url: listener.url, serve: (by: Handler) => (handler = by) }
  }
  const [main, mtls, api] = [
    await open('main', mainDoor),
    await open('mtls', 'requested'),
    await open('api', 'requested'),
  ]
  const bank = {
    resource: resourceIdentifier(api.url),
    name: 'Bank',
    scopes: [{ name: 'accounts', description: 'See' }],
  }
  const world = await aWorld({
    config: {
      issuer: issuer(main.url),
      mutualTlsOrigin: mtls.url,
      apis: [bank, { ...bank, resource: theBank, scopes: [] }],
    },
    ports: { trustAnchors: await openTrustAnchors({ source: { pem: root.pem } }) },
  })
  main.serve(world.handler)
  mtls.serve(world.handler)
  api.serve(async (request, { headers, certificate }) =>
    new URL(request.url).pathname.startsWith('/.well-known')
      ? Response.json({ resource: api.url, authorization_servers: [main.url] })
      : Response.json({
          scheme: headers.find(([name]) => name === 'authorization')?.[1].split(' ')[0],
          of: certificate?.thumbprint,
        }),
  )
  const ports = (shown?: Party): ClientPorts => ({
    ...nodeClientPorts({
      allowedOrigins: [main.url, mtls.url, api.url],
      tls: { ca: root.pem, ...(shown === undefined ? {} : { cert: shown.pem, key: shown.keyPem }) },
    }),
    clock: world.now,
  })
  let registered = 0
  const app = async (changes: Partial<ClientRecord> = {}) => {
    registered += 1
    const { clientId } = await register(world.store, key, `app-${registered}`, changes)
    const assertion = parsePrivateJwk({ ...key.privateKey.export({ format: 'jwk' }), kid: 'app' })
    const config = { issuer: main.url, resource: api.url, clientId, redirectUri, scope: 'openid accounts' }
    return { ...config, keys: { assertion } }
  }
  const signIn = async (config: ClientConfig, by: ClientPorts) => {
    const client = await createClient(config, by)
    const { url, pending } = await client.begin()
    return { client, session: await client.finish(await allow(world, url, aBrowserAt(world, main.url)), pending) }
  }
  return { world, arrivals, main, mtls, api, ports, app, signIn }
}

const thumbprintOf = ({ der }: Party) => parseClientCertificate([der]).thumbprint
const byName = {
  authMethod: 'tls_client_auth',
  certificateName: { kind: 'dn', value: 'CN=app,O=Example Ltd' },
  keys: [],
} as const
const byItself = {
  authMethod: 'self_signed_tls_client_auth',
  certificates: [certificateThumbprint(thumbprintOf(selfMade))],
  keys: [],
} as const

for (const [authentication, registration, shown] of [
  ['private_key_jwt', {}, named],
  ['tls_client_auth', byName, named],
  ['self_signed_tls_client_auth', byItself, selfMade],
] as const) {
  for (const binding of ['dpop', 'certificate'] as const) {
    test(`[CL-11] ${authentication} with tokens bound by ${binding}: every call goes where certificates are asked for, or none does`, async (t) => {
      const { arrivals, ports, app, signIn } = await aSetting(t)
      const own = await app({ ...registration, binding })
      const usesAliases = authentication !== 'private_key_jwt' || binding === 'certificate'
      const { client, session } = await signIn({ ...own, authentication, binding }, ports(shown))
      assert.equal((await client.userinfo(session))['sub'], 'user-alice')
      const answer = await client.call(session, '/accounts')
      const scheme = binding === 'dpop' ? 'DPoP' : 'Bearer'
      assert.deepEqual(await answer.json(), { scheme, of: thumbprintOf(shown) })
      await client.revoke(session)
      await assert.rejects(client.userinfo(session), refused('request_refused'))

      const called = arrivals.filter(({ path }) => ['/par', '/token', '/userinfo', '/revoke'].includes(path))
      assert.equal(new Set(called.map(({ path }) => path)).size, 4)
      for (const { at, path, certificate } of called) {
        assert.equal(at, usesAliases ? 'mtls' : 'main', path)
        assert.equal(certificate, usesAliases ? thumbprintOf(shown) : undefined, path)
      }
      for (const { at } of arrivals.filter(({ path }) => path.startsWith('/.well-known/openid') || path === '/jwks')) {
        assert.equal(at, 'main')
      }
      observed('CL-11', usesAliases ? 'the aliases' : 'the main URLs')
    })
  }
}

/** The metadata with its aliases replaced. */
function withAliases(ports: ClientPorts, aliases: unknown): ClientPorts {
  return {
    ...ports,
    fetch: async (url, init) => {
      const response = await ports.fetch(url, init)
      if (!url.endsWith('/openid-configuration')) return response
      const document: object = Object(await response.json())
      return Response.json({ ...document, mtls_endpoint_aliases: aliases })
    },
  }
}

test('[CL-11] where the server has no alias its main URL is used, over TLS and with the certificate', async (t) => {
  const { arrivals, main, mtls, ports, app, signIn } = await aSetting(t, 'requested')
  const config = {
    ...(await app({ ...byName, binding: 'certificate' })),
    authentication: 'tls_client_auth',
    binding: 'certificate',
  } as const
  for (const [aliases, atAlias] of [
    [undefined, []],
    [{}, []],
    [{ token_endpoint: `${mtls.url}/token` }, ['/token']],
  ] as const) {
    arrivals.length = 0
    await signIn(config, withAliases(ports(named), aliases))
    const called = arrivals.filter(({ path }) => path === '/par' || path === '/token')
    assert.deepEqual(
      called.filter(({ at }) => at === 'mtls').map(({ path }) => path),
      atAlias,
    )
    assert.equal(called.length, 2)
    for (const { certificate } of called) assert.equal(certificate, thumbprintOf(named))
  }
  for (const [aliases, reason] of [
    [{ token_endpoint: main.url.replace('https', 'http') }, 'endpoint_insecure'],
    [{ token_endpoint: 5 }, 'metadata_malformed'],
    [['https://as.example/token'], 'metadata_malformed'],
  ] as const) {
    await assert.rejects(createClient(config, withAliases(ports(named), aliases)), refused(reason))
  }
  observed('CL-11', 'the main URL')
})

test('[CL-11] a client that only wants them uses the aliases, too', async (t) => {
  const { arrivals, ports, app } = await aSetting(t)
  const client = await createClient({ ...(await app()), endpoints: 'mtls' }, ports())
  await client.begin()
  const { at, certificate } = arrivals.findLast(({ path }) => path === '/par') ?? assert.fail()
  assert.deepEqual([at, certificate], ['mtls', undefined])
  observed('CL-11', 'the aliases')
})

test('[CL-11] [CL-15] a certificate that is missing, another one, or a token of another one gets nowhere', async (t) => {
  const { world, ports, app, signIn } = await aSetting(t)
  const config = {
    ...(await app({ ...byName, binding: 'certificate' })),
    authentication: 'tls_client_auth',
    binding: 'certificate',
  } as const
  await assert.rejects(createClient(config, ports()), TypeError)
  const { session } = await signIn(config, ports(named))
  assert.equal(session.boundTo, thumbprintOf(named))
  const thief = await createClient(config, ports(another))
  await assert.rejects(thief.begin(), refused('request_refused'))
  assert.equal(world.events.at(-1)?.rule, 'client_certificate_name_mismatch')
  await assert.rejects(thief.userinfo(session), refused('request_refused'))
  assert.match(String(world.events.at(-1)?.rule), /certificate/)
  // A server that does not know its clients by certificates, or binds nothing to them.
  for (const [member, value, reason] of [
    ['token_endpoint_auth_methods_supported', ['private_key_jwt'], 'certificate_authentication_missing'],
    ['tls_client_certificate_bound_access_tokens', false, 'certificate_binding_missing'],
  ] as const) {
    const honest = ports(named)
    const fetch: ClientPorts['fetch'] = async (url, init) => {
      const response = await honest.fetch(url, init)
      if (!url.endsWith('/openid-configuration')) return response
      const document: object = Object(await response.json())
      return Response.json({ ...document, [member]: value })
    }
    await assert.rejects(createClient(config, { ...honest, fetch }), refused(reason))
  }
  await signIn(config, ports(named))
  observed('CL-11', 'refused')
  observed('CL-15', 'the token is worth nothing under another certificate')
})
