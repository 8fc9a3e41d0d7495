import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPasswords, PasswordsOverloaded } from './passwords.ts'

const passwords = createPasswords()

test('a password is recognised, another is not', async () => {
  const hash = await passwords.hash('correct horse battery staple')
  assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  assert.equal(await passwords.verify('correct horse battery stapler', hash), false)
  assert.equal(await passwords.verify('', hash), false)
  assert.equal(await passwords.verify('correct horse battery staple', hash), true)
  assert.notEqual(await passwords.hash('correct horse battery staple'), hash)
})

test('one password has many spellings on keyboards', async () => {
  const hash = await passwords.hash('Zu\u0308rich')
  assert.equal(await passwords.verify('Z\u00fcrich', hash), true)
})

test('nobody takes as long as a wrong password', async () => {
  const hash = await passwords.hash('x')
  const time = async (check: () => Promise<boolean>) => {
    const times: number[] = []
    for (let run = 0; run < 7; run += 1) {
      const start = performance.now()
      assert.equal(await check(), false)
      times.push(performance.now() - start)
    }
    return times.toSorted((a, b) => a - b)[1] ?? 0
  }
  const wrong = await time(() => passwords.verify('y', hash))
  for (const stored of [undefined, '', 'not a hash', '$argon2id$v=19$m=9999999,t=99,p=99$a$b']) {
    const nobody = await time(() => passwords.verify('y', stored))
    assert.ok(nobody > wrong / 3 && nobody < wrong * 3, `${nobody} ms against ${wrong} ms`)
  }
})

test('too many at once are turned away by name, and those who waited are served', async () => {
  const hash = await passwords.hash('x')
  const outcomes = await Promise.allSettled(Array.from({ length: 80 }, () => passwords.verify('x', hash)))
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
  assert.equal(refused.length, 14)
  for (const { reason } of refused) assert.ok(reason instanceof PasswordsOverloaded)
  assert.ok(outcomes.every((outcome) => outcome.status === 'rejected' || outcome.value))
  assert.equal(await passwords.verify('x', hash), true)
})
