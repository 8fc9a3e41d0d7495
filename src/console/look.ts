/** How the pages look and what they say: what an operator may choose, checked so that everybody can still read them. */

import { isKeyOf, keysOf } from '../core/names.ts'
import { german } from './messages/de.ts'
import { english } from './messages/en.ts'
import type { Messages } from './messages/messages.ts'

/** The colours of the pages in a bright surrounding. */
const light = {
  /** Behind everything. */
  paper: '#f4f2ed',
  /** Behind what is read. */
  card: '#ffffff',
  /** What is read. */
  ink: '#18212c',
  /** What is said beside it. */
  soft: '#545e6a',
  /** Between things. */
  line: '#dcd7cc',
  /** Links, marks and the ring around what has the focus. */
  accent: '#82540b',
  /** Behind what is marked. */
  accentPaper: '#f8efdd',
  /** The one button that leads on. */
  action: '#18212c',
  onAction: '#ffffff',
  /** What went wrong. */
  alarm: '#9f1f1a',
  alarmPaper: '#fdf0ee',
  /** What went well. */
  done: '#1d5e3a',
  donePaper: '#eaf5ee',
  /** What is typed into, and its edge. */
  field: '#ffffff',
  edge: '#7a838e',
} as const

/** What a colour is for. */
export type ColourName = keyof typeof light

/** Those in a dark one. */
const dark: Readonly<Record<ColourName, string>> = {
  paper: '#0f1319',
  card: '#181e26',
  ink: '#ece9e2',
  soft: '#a9b1bb',
  line: '#323b46',
  accent: '#dfb166',
  accentPaper: '#2b2415',
  action: '#ece9e2',
  onAction: '#10141a',
  alarm: '#ffb4a9',
  alarmPaper: '#33191a',
  done: '#9fdcb8',
  donePaper: '#14291e',
  field: '#0f1319',
  edge: '#7b8591',
}

/** A colour scheme, as the person's device asks for it. */
export type Scheme = 'light' | 'dark'

/** The colours of the product, by scheme. */
export const standardColours: Readonly<Record<Scheme, Readonly<Record<ColourName, string>>>> = { light, dark }

/** The names of the colours. */
export const colourNames: readonly ColourName[] = keysOf(light)

/** What an operator may change of the pages. */
export type Look = {
  /** What the pages call the service. */
  readonly name: string
  /** Shown in place of the name; people who do not see it are told the name. */
  readonly logo: { readonly mediaType: LogoType; readonly base64: string } | undefined
  /** `#rrggbb`. What is left out is as usual. */
  readonly colours: Readonly<Record<Scheme, Readonly<Partial<Record<ColourName, string>>>>>
  /** Best first: the first is used where nobody's language fits. */
  readonly languages: readonly [Messages, ...Messages[]]
}

/** The kinds of pictures a logo may be. As an image, none of them runs script. */
export type LogoType = 'image/svg+xml' | 'image/png' | 'image/webp'

/** How the pages look unless an operator says otherwise. */
export const standardLook: Look = {
  name: 'Strongroom',
  logo: undefined,
  colours: { light: {}, dark: {} },
  languages: [english, german],
}

/** The languages the product brings along. */
export const shippedLanguages: readonly Messages[] = [english, german]

/** A look that people could not read, or that is none. */
export class LookRefused extends Error {
  override readonly name = 'LookRefused'
  readonly problems: readonly LookProblem[]
  constructor(problems: readonly LookProblem[]) {
    super(problems.map(({ where, what }) => `${where}: ${what}`).join('\n'))
    this.problems = problems
  }
}

/** What is wrong with a look, and where. */
export type LookProblem = { readonly where: string; readonly what: string }

/** What must stand out from what, and by how much. WCAG 2.2 §1.4.3 (text), §1.4.11 (what is not text). */
const pairs: readonly (readonly [front: ColourName, behind: ColourName, least: number])[] = [
  ['ink', 'paper', 4.5],
  ['ink', 'card', 4.5],
  ['ink', 'field', 4.5],
  ['soft', 'paper', 4.5],
  ['soft', 'card', 4.5],
  ['accent', 'paper', 4.5],
  ['accent', 'card', 4.5],
  ['accent', 'accentPaper', 4.5],
  ['ink', 'accentPaper', 4.5],
  ['onAction', 'action', 4.5],
  ['alarm', 'alarmPaper', 4.5],
  ['alarm', 'card', 4.5],
  ['done', 'donePaper', 4.5],
  ['edge', 'card', 3],
  ['edge', 'field', 3],
]

/** Everything that is wrong with a look. */
export function problemsOf(look: Look): readonly LookProblem[] {
  const written = (['light', 'dark'] as const).flatMap((scheme) => [...colourProblems(scheme, look)])
  return [
    ...(look.name.trim() === '' ? [{ where: 'name', what: 'must not be empty' }] : []),
    ...(look.logo === undefined || /^[A-Za-z0-9+/]+={0,2}$/.test(look.logo.base64)
      ? []
      : [{ where: 'logo', what: 'must be base64' }]),
    ...written,
    ...look.languages.flatMap(({ language }) =>
      isLanguageTag(language) ? [] : [{ where: 'languages', what: `"${language}" is not a language tag` }],
    ),
  ]
}

/** Whether a text is the tag of a language. BCP 47. */
export function isLanguageTag(text: string): boolean {
  return /^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}$/.test(text)
}

function* colourProblems(scheme: Scheme, { colours }: Look): Generator<LookProblem> {
  const own: Readonly<Record<string, string | undefined>> = colours[scheme]
  for (const [name, colour] of Object.entries(own)) {
    const where = `colours.${scheme}.${name}`
    if (!isKeyOf(light, name)) yield { where, what: `is none of the colours ${colourNames.join(', ')}` }
    else if (colour !== undefined && !isColour(colour)) yield { where, what: 'must be written as #rrggbb' }
  }
  const all = coloursOf(scheme, colours[scheme])
  for (const [front, behind, least] of pairs) {
    if (own[front] === undefined && own[behind] === undefined) continue
    if (!isColour(all[front]) || !isColour(all[behind])) continue
    const ratio = contrast(all[front], all[behind])
    if (ratio >= least) continue
    const found = (Math.floor(ratio * 100) / 100).toFixed(2)
    const where = `colours.${scheme}.${own[front] === undefined ? behind : front}`
    yield { where, what: `${front} on ${behind} has a contrast of ${found}:1, and needs ${least}:1 to be seen` }
  }
}

/** Every colour of a scheme: those of the operator, and the usual ones. */
export function coloursOf(scheme: Scheme, own: Look['colours'][Scheme]): Readonly<Record<ColourName, string>> {
  const set = Object.fromEntries(Object.entries(own).filter(([, colour]) => colour !== undefined))
  return { ...standardColours[scheme], ...set }
}

function isColour(text: string): boolean {
  return /^#[0-9a-f]{6}$/i.test(text)
}

/** The contrast ratio of two colours. WCAG 2.2, "contrast ratio". */
export function contrast(one: string, other: string): number {
  const [darker = 0, brighter = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b)
  return (brighter + 0.05) / (darker + 0.05)
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
