/** Sees what each request changes in a store, also when fifty run at once. */

import { AsyncLocalStorage } from 'node:async_hooks'
import type { Store } from '../../src/core/ports.ts'

const current = new AsyncLocalStorage<string[]>()

/** Runs one request; what it wrote comes back beside its answer. */
export async function withWrites<Answer>(work: () => Promise<Answer>) {
  const writes: string[] = []
  return { answer: await current.run(writes, work), writes }
}

function note(what: string): void {
  current.getStore()?.push(what)
}

/** A verb that is noted under `name` whenever it changed something, with what came of it where that matters. */
function recorded<Parameters extends readonly unknown[], Answer>(
  name: string,
  verb: (...parameters: Parameters) => Promise<Answer>,
  changed: (answer: Answer) => string | boolean = () => true,
) {
  return async (...parameters: Parameters): Promise<Answer> => {
    const answer = await verb(...parameters)
    const effect = changed(answer)
    if (effect !== false) note(effect === true ? name : `${name}: ${effect}`)
    return answer
  }
}

const quiet = ['unknown', 'expired', 'grant_revoked', 'resource_not_granted', 'objected']

/** The same store, whose changes are noted. */
export function recordWrites(store: Store): Store {
  const { requests, grants, refreshTokens, tokens, sessions, users, passkeys, clients, attempts, keys, replay } = store
  return {
    ...store,
    requests: {
      ...requests,
      push: recorded('requests.push', requests.push),
      open: recorded('requests.open', requests.open, ({ outcome }) => outcome === 'opened'),
      signedIn: recorded('requests.signedIn', requests.signedIn),
      approve: recorded('requests.approve', requests.approve, (outcome) => outcome === 'approved'),
      refuse: recorded('requests.refuse', requests.refuse, (outcome) => outcome === 'refused'),
      redeem: recorded('requests.redeem', requests.redeem, ({ outcome }) => !quiet.includes(outcome) && outcome),
    },
    grants: {
      ...grants,
      revoke: recorded('grants.revoke', grants.revoke),
      withdraw: recorded('grants.withdraw', grants.withdraw, (outcome) => outcome === 'withdrawn'),
      withdrawAll: recorded('grants.withdrawAll', grants.withdrawAll),
      endOnline: recorded('grants.endOnline', grants.endOnline),
    },
    refreshTokens: {
      ...refreshTokens,
      present: recorded('refreshTokens.present', refreshTokens.present, ({ outcome }) => outcome === 'live'),
    },
    tokens: { ...tokens, revoke: recorded('tokens.revoke', tokens.revoke) },
    sessions: {
      ...sessions,
      start: recorded('sessions.start', sessions.start, (outcome) => outcome === 'started'),
      end: recorded('sessions.end', sessions.end),
      endBySid: recorded('sessions.endBySid', sessions.endBySid, (outcome) => outcome === 'ended'),
    },
    users: {
      ...users,
      add: recorded('users.add', users.add),
      setPassword: recorded('users.setPassword', users.setPassword),
      setLocked: recorded('users.setLocked', users.setLocked),
    },
    passkeys: {
      ...passkeys,
      add: recorded('passkeys.add', passkeys.add, (outcome) => outcome === 'added'),
      use: recorded('passkeys.use', passkeys.use, (outcome) => outcome === 'used'),
      rename: recorded('passkeys.rename', passkeys.rename, (outcome) => outcome === 'renamed'),
      remove: recorded('passkeys.remove', passkeys.remove, (outcome) => outcome === 'removed'),
      withdraw: recorded('passkeys.withdraw', passkeys.withdraw, (count) => count > 0),
    },
    clients: { ...clients, add: recorded('clients.add', clients.add) },
    attempts: {
      raise: recorded('attempts.raise', attempts.raise),
      forget: recorded('attempts.forget', attempts.forget),
      takeBack: recorded('attempts.takeBack', attempts.takeBack),
    },
    keys: { ...keys, add: recorded('keys.add', keys.add) },
    replay: { ...replay, spendOnce: recorded('replay.spendOnce', replay.spendOnce, (answer) => 'spent' in answer) },
  }
}
