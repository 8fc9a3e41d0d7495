/** The contract of sessions, people and clients. */

import assert from 'node:assert/strict'
import { certificateThumbprint, clientId, numericDate, resourceIdentifier, subject, username } from '../core/names.ts'
import { aClient, aSession, at, aUser, encryptionJwk, fifty, hash, id, type OnStore } from './contract-fixtures.ts'

/** Registers the tests of sessions, people and clients. */
export function peopleContract(onStore: OnStore): void {
  sessionContract(onStore)
  userContract(onStore)
  upstreamContract(onStore)
  revocationContract(onStore)
  clientContract(onStore)
  clientStatusContract(onStore)
}

function sessionContract(onStore: OnStore): void {
  onStore('a sign-in takes the place of the session before it', async ({ store }) => {
    await store.sessions.start(aSession('one', 'ada'), undefined)
    assert.deepEqual(await store.sessions.find(id('session one')), aSession('one', 'ada'))
    await store.sessions.start(aSession('two', 'ada'), id('session one'))
    assert.equal(await store.sessions.find(id('session one')), undefined)
    assert.deepEqual(await store.sessions.find(id('session two')), aSession('two', 'ada'))
    await assert.rejects(store.sessions.start(aSession('two', 'eve'), undefined))
    assert.deepEqual(await store.sessions.find(id('session two')), aSession('two', 'ada'))
    await store.sessions.end(id('session two'))
    await store.sessions.end(id('session two'))
    assert.equal(await store.sessions.find(id('session two')), undefined)
  })

  onStore('a session ends by what clients know it by, which outlives its id', async ({ store }) => {
    await store.sessions.start(aSession('one', 'ada'), undefined)
    const again = aSession('again', 'ada', { sid: id('sid one') })
    await store.sessions.start(again, id('session one'))
    await store.sessions.start(aSession('two', 'ada'), undefined)
    assert.deepEqual(await store.sessions.find(again.id), again)
    assert.equal(await store.sessions.endBySid(id('sid one')), 'ended')
    assert.equal(await store.sessions.endBySid(id('sid one')), 'unknown')
    assert.equal(await store.sessions.find(again.id), undefined)
    assert.ok(await store.sessions.find(id('session two')))
  })

  onStore('the sessions of a person are listed, the newest sign-in first', async ({ store }) => {
    const nameless = aSession('nameless', 'ada', { authTime: at(7), device: '' })
    const sessions = [
      aSession('old', 'ada', { authTime: at(4) }),
      nameless,
      aSession('new', 'ada', { authTime: at(9) }),
    ]
    const [old, , newest] = sessions
    for (const session of [...sessions, aSession('foreign', 'eve', { authTime: at(8) })]) {
      await store.sessions.start(session, undefined)
    }
    const ada = subject('sub-ada')
    assert.deepEqual(await store.sessions.list(ada, 10), [newest, nameless, old])
    assert.deepEqual(await store.sessions.list(ada, 2), [newest, nameless])
    assert.deepEqual(await store.sessions.list(subject('sub-bob'), 10), [])
    await store.sessions.end(nameless.id)
    assert.deepEqual(await store.sessions.list(ada, 10), [newest, old])
    const twins = ['x', 'y', 'z'].map((name) => aSession(name, 'bob'))
    for (const session of twins) await store.sessions.start(session, undefined)
    const [one, ...others] = await store.sessions.list(subject('sub-bob'), 10)
    assert.ok(one && others.length === 2)
    assert.deepEqual(await store.sessions.list(subject('sub-bob'), 1), [one], 'the order of one second is one order')
  })

  onStore('a session goes when it is over', async ({ store }) => {
    await store.sessions.start(aSession('one', 'ada'), undefined)
    assert.equal(await store.reap(at(3599), 10), 0)
    assert.equal(await store.reap(at(3600), 10), 1)
    assert.equal(await store.sessions.find(id('session one')), undefined)
  })
}

function userContract(onStore: OnStore): void {
  onStore('a person is found by name and by subject, and both are taken once', async ({ store }) => {
    const ada = aUser('ada')
    assert.equal(await store.users.add(ada), 'added')
    assert.equal(await store.users.add(aUser('ada', { subject: subject('other') })), 'exists')
    assert.equal(await store.users.add(aUser('eve', { subject: ada.subject })), 'exists')
    assert.deepEqual(await store.users.byUsername(ada.username), ada)
    assert.deepEqual(await store.users.bySubject(ada.subject), ada)
    assert.equal(await store.users.byUsername(username('eve')), undefined)
    assert.equal(await store.users.bySubject(subject('other')), undefined)
    const plain = aUser('bob', { claims: {} })
    await store.users.add(plain)
    assert.deepEqual(await store.users.byUsername(plain.username), plain)
  })

  onStore('people are listed by name, page by page', async ({ store }) => {
    // U+E000 sorts after U+1F511 by UTF-16 units, and before it by code points.
    const names = ['eve', 'ada', 'bob', '\u{1f511}', '\u{e000}']
    await Promise.all(names.map(async (name, index) => store.users.add(aUser(name, { subject: subject(`s${index}`) }))))
    const first = await store.users.list(2, undefined)
    assert.deepEqual(
      first.map((user) => user.username),
      ['ada', 'bob'],
    )
    const rest = await store.users.list(10, first[1]?.username)
    assert.deepEqual(
      rest.map((user) => user.username),
      ['eve', '\u{e000}', '\u{1f511}'],
    )
    assert.deepEqual(await store.users.list(10, rest[2]?.username), [])
  })

  onStore('fifty concurrent registrations of one name have one winner', async ({ store }) => {
    const all = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => store.users.add(aUser('ada', { subject: subject(`s${index}`) }))),
    )
    assert.equal(all.filter((outcome) => outcome === 'added').length, 1)
  })
}

function upstreamContract(onStore: OnStore): void {
  const upstream = { provider: 'bank', subject: 'a|b' }

  onStore('a person from another provider is found by who they are there, and needs no password', async ({ store }) => {
    const ada = aUser('ada', { passwordHash: undefined, upstream })
    assert.equal(await store.users.add(ada), 'added')
    for (const found of [
      await store.users.byUpstream(upstream),
      await store.users.byUsername(ada.username),
      await store.users.bySubject(ada.subject),
      (await store.users.list(1, undefined))[0],
    ]) {
      assert.deepEqual(found, ada)
    }
    assert.equal(await store.users.byUpstream({ provider: 'bank', subject: 'a' }), undefined)
    assert.equal(await store.users.byUpstream({ provider: 'bank|a', subject: 'b' }), undefined)
    assert.equal(await store.users.byUpstream({ provider: 'other', subject: 'a|b' }), undefined)
    assert.equal(await store.users.setPassword(ada.username, 'a hash', at(9)), 'set')
    assert.deepEqual(await store.users.byUpstream(upstream), { ...ada, passwordHash: 'a hash', notBefore: at(9) })
  })

  onStore('an identity at another provider is taken once; nobody else is', async ({ store }) => {
    assert.equal(await store.users.add(aUser('ada', { upstream })), 'added')
    assert.equal(await store.users.add(aUser('eve', { upstream })), 'exists')
    assert.equal(await store.users.byUsername(username('eve')), undefined, 'nothing of it was kept')
    assert.equal(await store.users.add(aUser('eve', { upstream: { ...upstream, provider: 'other' } })), 'added')
    assert.equal(await store.users.add(aUser('bob', { upstream: { ...upstream, subject: 'other' } })), 'added')
    assert.equal(await store.users.add(aUser('joe')), 'added')
    assert.equal(await store.users.add(aUser('jim')), 'added', 'whoever has none shares it with nobody')
    const taken = aUser('ada', { subject: subject('new'), upstream: { provider: 'new', subject: 'new' } })
    assert.equal(await store.users.add(taken), 'exists')
    assert.equal(await store.users.byUpstream({ provider: 'new', subject: 'new' }), undefined)
  })

  onStore('fifty concurrent registrations of one identity have one winner', async ({ store }) => {
    const all = await Promise.all(fifty.map((index) => store.users.add(aUser(`user${index}`, { upstream }))))
    assert.equal(all.filter((outcome) => outcome === 'added').length, 1)
    const winner = `user${all.indexOf('added')}`
    assert.deepEqual(await store.users.byUpstream(upstream), aUser(winner, { upstream }))
    assert.equal((await store.users.list(100, undefined)).length, 1)
  })

  onStore('what is said of a person now takes the place of what was said before', async ({ store }) => {
    const ada = aUser('ada', { upstream })
    await store.users.add(ada)
    await store.users.add(aUser('eve'))
    await store.sessions.start(aSession('ada', 'ada'), undefined)
    assert.equal(await store.users.setClaims(ada.subject, { name: 'Ada' }), 'set')
    assert.deepEqual(await store.users.bySubject(ada.subject), { ...ada, claims: { name: 'Ada' } })
    assert.equal(await store.users.setClaims(ada.subject, {}), 'set')
    assert.deepEqual(await store.users.byUpstream(upstream), { ...ada, claims: {} })
    assert.deepEqual(await store.users.byUsername(username('eve')), aUser('eve'))
    assert.ok(await store.sessions.find(id('session ada')), 'nobody is signed out by it')
    assert.equal(await store.users.setClaims(subject('nobody'), {}), 'unknown')
  })
}

function revocationContract(onStore: OnStore): void {
  onStore('a new password ends the sessions of this person only', async ({ store }) => {
    await store.users.add(aUser('ada'))
    await store.sessions.start(aSession('ada', 'ada'), undefined)
    await store.sessions.start(aSession('eve', 'eve'), undefined)
    assert.equal(await store.users.setPassword(username('ada'), 'new hash', at(50)), 'set')
    assert.deepEqual(
      await store.users.byUsername(username('ada')),
      aUser('ada', { passwordHash: 'new hash', notBefore: at(50) }),
    )
    assert.equal(await store.sessions.find(id('session ada')), undefined)
    assert.ok(await store.sessions.find(id('session eve')))
    assert.equal(await store.users.setPassword(username('bob'), 'x', at(50)), 'unknown')
  })

  onStore('locking ends sessions, unlocking revives nothing, and notBefore never goes back', async ({ store }) => {
    await store.users.add(aUser('ada'))
    await store.sessions.start(aSession('ada', 'ada'), undefined)
    assert.equal(await store.users.setLocked(username('ada'), 'locked', at(60)), 'set')
    assert.equal(await store.sessions.find(id('session ada')), undefined)
    assert.deepEqual(
      await store.users.bySubject(subject('sub-ada')),
      aUser('ada', { status: 'locked', notBefore: at(60) }),
    )
    assert.equal(await store.users.setLocked(username('ada'), 'active', at(70)), 'set')
    assert.deepEqual(await store.users.bySubject(subject('sub-ada')), aUser('ada', { notBefore: at(60) }))
    await store.users.setPassword(username('ada'), 'x', numericDate(5))
    assert.equal((await store.users.bySubject(subject('sub-ada')))?.notBefore, at(60))
    assert.equal(await store.users.setLocked(username('bob'), 'locked', at(60)), 'unknown')
  })
}

function clientContract(onStore: OnStore): void {
  onStore('a client comes back as it was registered, once', async ({ store }) => {
    const shop = aClient('shop')
    assert.equal(await store.clients.find(shop.clientId), undefined)
    assert.equal(await store.clients.add(shop), 'added')
    assert.equal(await store.clients.add(aClient('shop', { name: 'impostor' })), 'exists')
    assert.deepEqual(await store.clients.find(shop.clientId), shop)
    const again = await store.clients.find(shop.clientId)
    assert.equal(again, await store.clients.find(shop.clientId), 'parsed once')
    const native = aClient('app', { applicationType: 'native', tokenEndpointAuthSigningAlg: undefined, keys: [] })
    await store.clients.add(native)
    assert.deepEqual(await store.clients.find(native.clientId), native)
  })

  onStore('a client that registered everything comes back with it', async ({ store }) => {
    const full = aClient('full', {
      authorizationDetailTypes: ['payment', 'https://bank.example/account'],
      role: { kind: 'resource_server', resource: resourceIdentifier('https://api.example') },
      authMethod: 'tls_client_auth',
      certificateName: { kind: 'dns', value: 'full.example' },
      binding: 'certificate',
      jwksUri: 'https://full.example/jwks',
      certificates: [certificateThumbprint(hash('a certificate'))],
      encryptionKeys: [
        { jwk: encryptionJwk, kid: 'enc', alg: 'ECDH-ES' },
        { jwk: encryptionJwk, kid: undefined, alg: undefined },
      ],
      idTokenSignedResponseAlg: 'PS256',
      idTokenEncryption: { alg: 'ECDH-ES+A256KW', enc: 'A256GCM' },
      userinfoSignedResponseAlg: 'EdDSA',
      subjectType: 'pairwise',
      sector: 'full.example',
      defaultMaxAge: 0,
      postLogoutRedirectUris: ['https://full.example/bye'],
      backchannelLogoutUri: 'https://full.example/logout',
    })
    assert.equal(await store.clients.add(full), 'added')
    assert.deepEqual(await store.clients.find(full.clientId), full)
    assert.deepEqual(await store.clients.list(1, undefined), [full])
    const app = aClient('zz-app', { role: { kind: 'sign_in_app' } })
    assert.equal(await store.clients.add(app), 'added')
    assert.deepEqual(await store.clients.find(app.clientId), app)
  })
}

function clientStatusContract(onStore: OnStore): void {
  onStore('suspending is seen at once, activating does not take notBefore back', async ({ store }) => {
    const shop = aClient('shop')
    await store.clients.add(shop)
    assert.deepEqual(await store.clients.find(shop.clientId), shop)
    assert.equal(await store.clients.setStatus(shop.clientId, 'suspended', at(20)), 'set')
    assert.deepEqual(await store.clients.find(shop.clientId), { ...shop, status: 'suspended', notBefore: at(20) })
    assert.equal(await store.clients.setStatus(shop.clientId, 'active', at(30)), 'set')
    assert.deepEqual(await store.clients.find(shop.clientId), { ...shop, notBefore: at(20) })
    assert.equal(await store.clients.setStatus(shop.clientId, 'suspended', at(5)), 'set')
    assert.equal((await store.clients.find(shop.clientId))?.notBefore, at(20))
    assert.equal(await store.clients.setStatus(clientId('gone'), 'suspended', at(20)), 'unknown')
  })

  onStore('a client that was looked up while it changed is not remembered as it was', async ({ store }) => {
    const { clientId: shop } = aClient('shop')
    await store.clients.add(aClient('shop'))
    const [, before] = await Promise.all([
      store.clients.setStatus(shop, 'suspended', at(20)),
      store.clients.find(shop),
      store.clients.find(shop),
    ])
    assert.ok(before)
    assert.equal((await store.clients.find(shop))?.status, 'suspended')
    await Promise.all([store.clients.remove(shop), store.clients.find(shop)])
    assert.equal(await store.clients.find(shop), undefined)
  })

  onStore('clients are listed by id, page by page', async ({ store }) => {
    for (const name of ['c', 'a', 'B']) {
      await store.clients.add(aClient(name))
    }
    const idsOf = async (limit: number, after: string | undefined) =>
      (await store.clients.list(limit, after === undefined ? undefined : clientId(after))).map((one) => one.clientId)
    assert.deepEqual(await idsOf(2, undefined), ['B', 'a'])
    assert.deepEqual(await idsOf(2, 'a'), ['c'])
  })
}
