import { html, type Markup } from '../../console/markup.ts'

/** A vault door, for the mood. It says nothing that the text does not. */
export function vaultDoor(): Markup {
  const bolts = Array.from({ length: 12 }, (_, index) => {
    const angle = (index * Math.PI) / 6
    const place = (centre: number, part: number) => String(Math.round((centre + 84 * part) * 10) / 10)
    return html`<circle class="bolt" cx="${place(100, Math.cos(angle))}" cy="${place(100, Math.sin(angle))}" r="4.5"></circle>`
  })
  const spokes = Array.from({ length: 4 }, (_, index) => {
    const turn = String(index * 45)
    return html`<g transform="rotate(${turn} 100 100)"><line class="spoke" x1="62" y1="100" x2="138" y2="100"></line><circle class="knob" cx="60" cy="100" r="6"></circle><circle class="knob" cx="140" cy="100" r="6"></circle></g>`
  })
  return html`<svg class="vault" viewBox="0 0 200 200" aria-hidden="true" focusable="false">
<circle class="frame" cx="100" cy="100" r="97"></circle><circle class="door" cx="100" cy="100" r="72"></circle>
${bolts}
<circle class="ring" cx="100" cy="100" r="54"></circle>
${spokes}
<circle class="hub" cx="100" cy="100" r="16"></circle><path class="keyhole" d="M100 92a5 5 0 0 1 2.5 9.3l1.8 7.7h-8.6l1.8-7.7a5 5 0 0 1 2.5-9.3z"></path>
</svg>`
}
