/** What the server programs of the benchmark share: what they are told, and when they end. */

/** The file of keys, and the port to take; the issuer is http://127.0.0.1 with it. */
export function serverTask(): { readonly actors: string; readonly port: number } {
  const [actors, port] = process.argv.slice(2)
  if (actors === undefined || port === undefined) throw new TypeError('usage: ACTORS PORT')
  return { actors, port: Number(port) }
}

/** Ends when told, and when the process that started this one is gone. */
export function endWhenTold(close: () => void): void {
  const end = () => {
    close()
    process.exit(0)
  }
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
  process.once('disconnect', end)
}
