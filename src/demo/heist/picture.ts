/** The sequence of a theft as a drawing. */

import { html, type Markup } from '../../console/markup.ts'
import { type Row, laneNames, lanesOf } from './sequence.ts'

/** A size to draw for; lengths in units of the view box. */
type Sheet = { readonly name: 'wide' | 'narrow'; readonly width: number; readonly font: number; readonly row: number }

const sheets: readonly Sheet[] = [
  { name: 'wide', width: 720, font: 14, row: 44 },
  { name: 'narrow', width: 310, font: 12.5, row: 44 },
]

/** Where the names of the lanes end and the rows begin. */
const headHeight = 52

/** How wide a character of the drawing's font is, in ems. */
const characterWidth = 0.61

/** The drawing, once for wide and once for narrow windows: the stylesheet shows one of them. */
export function drawSequence(rows: readonly Row[], about: { readonly title: string; readonly desc: string }): Markup {
  return html`${sheets.map((sheet) => draw(sheet, rows, about))}`
}

function draw(sheet: Sheet, rows: readonly Row[], { title, desc }: { title: string; desc: string }): Markup {
  const { name, width, row: height } = sheet
  const total = headHeight + rows.length * height + 16
  const placed = rows.map((row, index) => drawRow(sheet, rows, row, headHeight + index * height))
  return html`<svg class="sequence ${name}" viewBox="0 0 ${text(width)} ${text(total)}" role="img" aria-labelledby="sequence-${name}-title sequence-${name}-desc">
<title id="sequence-${name}-title">${title}</title>
<desc id="sequence-${name}-desc">${desc}</desc>
${drawLanes(sheet, rows, total)}
${placed}
</svg>`
}

function drawLanes(sheet: Sheet, rows: readonly Row[], total: number): Markup {
  const lanes = lanesOf(rows)
  const pill = Math.min(96, sheet.width / Math.max(lanes.length, 3) - 8)
  return html`${lanes.map((lane) => {
    const x = laneAt(sheet, rows, lane)
    return html`<g class="lane ${lane}"><line x1="${text(x)}" y1="38" x2="${text(x)}" y2="${text(total - 6)}"></line>
<rect x="${text(x - pill / 2)}" y="6" width="${text(pill)}" height="32" rx="16"></rect>
<text x="${text(x)}" y="27" text-anchor="middle" font-size="${text(sheet.font)}">${laneNames[lane]}</text></g>`
  })}`
}

function drawRow(sheet: Sheet, rows: readonly Row[], row: Row, top: number): Markup {
  const { width, font } = sheet
  if (row.kind === 'band') {
    const y = text(top + 28)
    return html`<g class="band"><line x1="4" y1="${y}" x2="${text(width - 4)}" y2="${y}"></line>
<text x="4" y="${text(top + 22)}" font-size="${text(font - 1)}">${row.text}</text></g>`
  }
  const from = laneAt(sheet, rows, row.from)
  const to = laneAt(sheet, rows, row.to)
  const y = top + 32
  const back = to > from ? -1 : 1
  const label = fitted(row.text, width, font)
  const half = (label.length * characterWidth * font) / 2 + 4
  const middle = Math.min(Math.max((from + to) / 2, half), width - half)
  const head = `${to},${y} ${to + back * 9},${y - 5} ${to + back * 9},${y + 5}`
  return html`<g class="arrow ${row.tone} ${row.line}"><line x1="${text(from)}" y1="${text(y)}" x2="${text(to + back * 8)}" y2="${text(y)}"></line>
<polygon points="${head}"></polygon>
<text x="${text(middle)}" y="${text(top + 22)}" text-anchor="middle" font-size="${text(font)}">${label}</text></g>`
}

function laneAt({ width }: Sheet, rows: readonly Row[], lane: string): number {
  const lanes = lanesOf(rows)
  const margin = width / 2 / Math.max(lanes.length, 3)
  const index = lanes.findIndex((name) => name === lane)
  return lanes.length < 2 ? width / 2 : margin + ((width - 2 * margin) * index) / (lanes.length - 1)
}

function fitted(label: string, width: number, font: number): string {
  const most = Math.floor((width - 8) / (characterWidth * font))
  return label.length > most ? `${label.slice(0, most - 1)}…` : label
}

/** A length, short. */
function text(length: number): string {
  return String(Math.round(length * 10) / 10)
}
