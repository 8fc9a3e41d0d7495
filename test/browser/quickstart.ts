/** The steps of docs/quickstart.md, read from the page itself: the page cannot say one thing and the test do another. */

/** One thing somebody does who follows the page. */
export type Action =
  | { readonly kind: 'run'; readonly command: string }
  | { readonly kind: 'open'; readonly url: string }
  | { readonly kind: 'press'; readonly name: string }
  | { readonly kind: 'read'; readonly text: string }

/** A numbered section of the page with what is to be done in it. */
export type QuickstartStep = { readonly title: string; readonly actions: readonly Action[] }

const marks = [
  { kind: 'run', pattern: /```sh\n(.*?)\n```/s },
  { kind: 'open', pattern: /Open <([^>]+)>/ },
  { kind: 'press', pattern: /Press \*\*([^*]+)\*\*/ },
  { kind: 'read', pattern: /“([^”]+)”/ },
] as const

/** What the numbered sections of the page say to do, in order. */
export function readQuickstart(markdown: string): readonly QuickstartStep[] {
  return markdown
    .split(/^## /m)
    .filter((section) => /^\d+\. /.test(section))
    .map((section) => {
      const [title = '', ...text] = section.split('\n')
      return { title, actions: actionsOf(text.join('\n')) }
    })
}

function actionsOf(text: string): readonly Action[] {
  const found = marks.flatMap(({ kind, pattern }) =>
    [...text.matchAll(new RegExp(pattern, 'gs'))].map((match) => ({ kind, at: match.index, value: match[1] ?? '' })),
  )
  return found
    .toSorted((one, other) => one.at - other.at)
    .map(({ kind, value }): Action => {
      switch (kind) {
        case 'run':
          return { kind, command: value }
        case 'open':
          return { kind, url: value }
        case 'press':
          return { kind, name: value }
        case 'read':
          return { kind, text: value }
      }
    })
}
