/** The addresses of names that strangers chose, from the servers of names alone. RFC 1034 §5. */

import { Resolver } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'

/** The addresses of a host name; rejects when it has none, or `signal` aborts. Until it settles it holds a slot. */
export type Resolve = (hostname: string, signal: AbortSignal) => Promise<readonly string[]>

/** Milliseconds of the first attempt at a server, and attempts. */
const patience = { timeout: 1_000, tries: 2 } as const

/**
 * Asks for the addresses of both families, without search domains and without the hosts file. The resolver of the system
 * would take a thread for as long as somebody's server of names pleases, and there are four for everything: passwords
 * and files would wait.
 */
export function createResolve({ servers }: { readonly servers?: readonly string[] } = {}): Resolve {
  return async (hostname, signal) => {
    signal.throwIfAborted()
    const resolver = new Resolver(patience)
    if (servers !== undefined) resolver.setServers(servers)
    const cancel = () => resolver.cancel()
    signal.addEventListener('abort', cancel, { once: true })
    try {
      const [four, six] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
      const found = hasIpv4() ? [...valueOf(four), ...valueOf(six)] : [...valueOf(six), ...valueOf(four)]
      if (found.length === 0) throw new Error('the name has no address', { cause: reasonOf(four) ?? reasonOf(six) })
      return found
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  }
}

function valueOf(result: PromiseSettledResult<string[]>): readonly string[] {
  return result.status === 'fulfilled' ? result.value : []
}

function reasonOf(result: PromiseSettledResult<string[]>): unknown {
  return result.status === 'rejected' ? result.reason : undefined
}

/** Whether addresses of IPv4 lead anywhere from this machine. */
function hasIpv4(): boolean {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .some(({ family, internal }) => family === 'IPv4' && !internal)
}
