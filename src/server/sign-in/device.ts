import type { Connection } from '../../core/ports.ts'
import { headerValues } from '../call.ts'

/** In this order: most browsers name others as well. */
const browsers = [
  ['Edg', 'Edge'],
  ['OPR', 'Opera'],
  ['SamsungBrowser', 'Samsung Internet'],
  ['Firefox', 'Firefox'],
  ['FxiOS', 'Firefox'],
  ['CriOS', 'Chrome'],
  ['HeadlessChrome', 'Chrome'],
  ['Chrome', 'Chrome'],
  ['Safari', 'Safari'],
] as const

const systems = [
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['Android', 'Android'],
  ['Windows', 'Windows'],
  ['CrOS', 'ChromeOS'],
  ['Macintosh', 'macOS'],
  ['Linux', 'Linux'],
] as const

/**
 * A browser in a few words of ours, for the person to recognise it by, such as `Firefox, Linux`. Nothing that was sent is
 * kept, and nothing is decided by it.
 */
export function deviceOf(connection: Connection): string {
  const [agent = ''] = headerValues(connection, 'user-agent')
  const browser = browsers.find(([mark]) => agent.includes(`${mark}/`))?.[1]
  const system = systems.find(([mark]) => agent.includes(mark))?.[1]
  return [browser, system].filter((word) => word !== undefined).join(', ')
}
