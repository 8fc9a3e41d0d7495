/** What the server programs of the benchmark share: what they are told, and when they end. */

/** The file of keys, the port to take, and the row; the issuer is http://127.0.0.1 with that port. */
export function serverTask(): { readonly actors: string; readonly port: number; readonly work: string } {
  const [actors, port, work] = process.argv.slice(2)
  if (actors === undefined || port === undefined || work === undefined) throw new TypeError('usage: ACTORS PORT ROW')
  return { actors, port: Number(port), work }
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
