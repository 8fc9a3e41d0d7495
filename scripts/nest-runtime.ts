/**
 * Puts the pinned Node packages of package-lock.json below their workspace. Run it after `npm install` has moved one
 * of them to the top: there npm 10 would delete `node_modules/.bin/node` with the packages of the other platforms.
 */
import { readFileSync, writeFileSync } from 'node:fs'

interface Lockfile {
  packages: Record<string, { version?: string }>
}

const pinned = (workspace: string): Record<string, string> => {
  const manifest: { optionalDependencies: Record<string, string> } = JSON.parse(read(`${workspace}/package.json`))
  return manifest.optionalDependencies
}
const file = (name: string) => new URL(`../${name}`, import.meta.url)
const read = (name: string) => readFileSync(file(name), 'utf8')

const lock: Lockfile = JSON.parse(read('package-lock.json'))
const { packages } = lock

for (const workspace of ['tools/runtime', 'tools/runtime-24']) {
  for (const [name, version] of Object.entries(pinned(workspace))) {
    const top = packages[`node_modules/${name}`]
    if (top?.version !== version) continue
    packages[`${workspace}/node_modules/${name}`] = top
    delete packages[`node_modules/${name}`]
  }
}

lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en')))
writeFileSync(file('package-lock.json'), `${JSON.stringify(lock, null, 2)}\n`)
