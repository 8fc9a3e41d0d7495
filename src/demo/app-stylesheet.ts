/** The app's stylesheet, inlined in its pages exactly so. */
export const appStylesheet = `
:root { color-scheme: light dark; --paper: #eef6f3; --card: #fff; --ink: #10312b; --soft: #4a665f; --line: #cfe2dc;
  --leaf: #0d6b57; --on-leaf: #fff; --leaf-paper: #e3f4ee; --edge: #6f8c85; --warn: #8c3a12; --warn-paper: #fff3ea;
  --alarm: #b3202c; --on-alarm: #fff; --alarm-paper: #fdeceb; --leak: #6b3fa0; --night: #0c2722; --on-night: #e6f5f0;
  --night-soft: #a9c9c0; --brass: #d9a441; --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
@media (prefers-color-scheme: dark) { :root { --paper: #0b1916; --card: #11241f; --ink: #e2f1ec; --soft: #9dbab2;
  --line: #24433b; --leaf: #5fd3b8; --on-leaf: #06201a; --leaf-paper: #0f2e27; --edge: #6f8c85; --warn: #ffbe96;
  --warn-paper: #2e1c10; --alarm: #ff8f8a; --on-alarm: #2b0606; --alarm-paper: #331513; --leak: #c9a8f5; --night: #06110f; } }
*, *::before, *::after { box-sizing: border-box; }
html { font: 100%/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; scroll-padding-top: 1rem; }
body { margin: 0; padding: clamp(1rem, 5vw, 3rem) 1rem; background: var(--paper); color: var(--ink); overflow-wrap: anywhere; }
main { max-width: 40rem; margin: 0 auto; }
main:focus { outline: 0; }
.brand { font-weight: 700; color: var(--leaf); text-decoration: none; }
h1 { margin: 0 0 .75rem; font-size: clamp(1.6rem, 6vw, 2.2rem); line-height: 1.15; letter-spacing: -.02em; text-wrap: balance; }
h2 { margin: 0 0 .5rem; font-size: 1.05rem; }
h3 { margin: 0 0 .35rem; font-size: 1rem; line-height: 1.3; }
p { margin: 0 0 1rem; }
a { color: var(--leaf); text-underline-offset: .2em; }
.soft { color: var(--soft); }
section, .notice, .verdict, figure, .raw { margin: 1.5rem 0; padding: 1.25rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 1rem; }
.notice { border-left: .35rem solid var(--leaf); }
.notice p { margin: 0; }
.notice.refused { border-left-color: var(--warn); background: var(--warn-paper); }
ul { margin: 0; padding: 0; list-style: none; }
.accounts li { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .25rem 1rem; padding: .75rem 0;
  border-top: 1px solid var(--line); }
.accounts li:first-child { border-top: 0; }
.amount { font-variant-numeric: tabular-nums; font-weight: 600; }
dl { margin: 0; } dd { margin: 0; } dt { color: var(--soft); }
.facts { display: grid; grid-template-columns: minmax(6rem, auto) 1fr; gap: .4rem 1rem; }
code, pre { font: .9em/1.5 var(--mono); }
button, .button { display: inline-flex; align-items: center; min-height: 2.75rem; padding: .5rem 1.25rem; font: inherit;
  font-weight: 600; border-radius: 2rem; border: 1px solid var(--leaf); background: var(--leaf); color: var(--on-leaf);
  text-decoration: none; cursor: pointer; }
button:hover, .button:hover { filter: brightness(1.08); }
button.plain, .temptation .button, .actions .button { background: transparent; color: var(--ink); border-color: var(--edge); }
button.alarm { background: var(--alarm); border-color: var(--alarm); color: var(--on-alarm); }
:focus-visible { outline: 3px solid var(--leaf); outline-offset: 3px; border-radius: .25rem; }
button:focus-visible, .button:focus-visible { border-radius: 2rem; }
.temptation { border-style: dashed; border-color: var(--edge); }
.temptation p:last-child { margin: 0; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -100vw; padding: .5rem 1rem; background: var(--card); }
.skip:focus { left: 1rem; top: .25rem; z-index: 1; }

.heist { padding-top: 1rem; }
.heist main, .heist header, .heist footer { max-width: 64rem; margin: 0 auto; }
.heist nav:not(.neighbours) { display: flex; gap: 1.5rem; align-items: baseline; padding: .5rem 0 1rem; }
.heist footer { padding: 1rem 0; font-size: .9rem; }
.lede { max-width: 44rem; font-size: 1.1rem; text-wrap: pretty; }
.hero { display: grid; gap: 1.5rem; align-items: center; padding: clamp(1.25rem, 4vw, 2.5rem); border-radius: 1.25rem;
  background: var(--night); color: var(--on-night); border: 1px solid var(--line); }
.hero h1 { font-size: clamp(2rem, 8vw, 3.2rem); }
.hero button { background: var(--brass); border-color: var(--brass); color: #1e1503; }
.hero :focus-visible { outline-color: var(--brass); }
.actions { display: flex; flex-wrap: wrap; gap: 1rem; align-items: center; }
.score { margin: 0; color: var(--night-soft); }
.cells { display: flex; flex-wrap: wrap; gap: 3px; margin-bottom: .35rem; }
.cells i { width: .6rem; height: .6rem; border-radius: 2px; border: 1px solid var(--night-soft); }
.cells .good { background: #5fd3b8; border-color: #5fd3b8; }
.cells .bad { background: #ff8f8a; border-color: #ff8f8a; }
.vault { width: min(100%, 11rem); margin: 0 auto; fill: none; stroke: var(--brass); stroke-width: 3; }
.vault .frame { stroke-opacity: .45; } .vault .bolt, .vault .knob, .vault .hub { fill: var(--brass); stroke: none; }
.vault .spoke { stroke-width: 5; stroke-linecap: round; } .vault .ring { stroke-opacity: .6; }
.vault .keyhole { fill: var(--night); stroke: none; }
@media (min-width: 48rem) { .hero { grid-template-columns: 1fr auto; } .vault { width: 15rem; } }
.facts code, .verdict p:not(.rule) code { padding: .1em .4em; border-radius: .3rem; background: var(--paper); }
.loot { border-style: dashed; border-color: var(--edge); }
.heist h2 { font-size: 1.35rem; letter-spacing: -.01em; }
.hints, .bag { display: grid; align-items: start; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); gap: 1rem; margin: 0 0 1.25rem; }
.hints dt { color: var(--ink); font-weight: 600; } .hints dd { color: var(--soft); }
.artefact { padding: 1rem; border: 1px solid var(--line); border-radius: .75rem; background: var(--paper); }
.artefact p { margin-bottom: .6rem; } .artefact em { color: var(--warn); font-style: normal; }
.value { overflow-wrap: anywhere; }
.label { margin: .5rem 0 .25rem; font-weight: 600; }
.claims { display: grid; gap: .6rem; } .claims dt code { font-weight: 700; color: var(--ink); }
.meaning { display: block; color: var(--soft); font-size: .92rem; }
summary { min-height: 1.75rem; cursor: pointer; color: var(--leaf); font-weight: 600; }
.chapter { padding: 0; border: 0; background: none; margin: 2.5rem 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); gap: 1rem; }
.card { display: flex; flex-direction: column; padding: 1.25rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 1rem; scroll-margin-top: 1rem; }
.card form { margin-top: auto; } .card:target { border-color: var(--leaf); box-shadow: 0 0 0 1px var(--leaf); }
.outcome { display: flex; flex-wrap: wrap; gap: .25rem .75rem; align-items: center; }
.badge { display: inline-block; padding: .1rem .7rem; border-radius: 1rem; border: 1px solid; font-size: .9rem; font-weight: 700; }
.badge.good { color: var(--leaf); background: var(--leaf-paper); } .badge.bad { color: var(--on-alarm); background: var(--alarm); }
.badge.odd { color: var(--warn); background: var(--warn-paper); }

.crumbs { margin: 0 0 .75rem; }
.crumbs { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; }
.crumbs a::before { content: ""; display: inline-block; width: .5em; height: .5em; margin: 0 .45em .12em .15em; border: solid; border-width: 0 0 2px 2px; rotate: 45deg; }
.verdict { border-left: .4rem solid var(--leaf); background: var(--leaf-paper); }
.verdict.bad { border: .2rem solid var(--alarm); background: var(--alarm-paper); } .verdict.odd { border-left-color: var(--warn); background: var(--warn-paper); }
.verdict p:last-child { margin: 0; } .stamp { display: flex; gap: .75rem; align-items: center; margin: 0 0 .5rem; }
.status { font: 600 1rem var(--mono); } .rule { margin: 0 0 .35rem; font-size: clamp(1.1rem, 5vw, 1.6rem); font-weight: 600; line-height: 1.3; }
.rule code { font-size: 1em; }
figure { padding: .5rem; } figcaption { padding: .25rem .5rem; }
figcaption ol { margin: .5rem 0; padding-left: 1.75rem; } figcaption li { padding: .15rem 0; }
.sequence { display: block; width: 100%; height: auto; margin: 0 auto; font-family: var(--mono); }
.sequence.wide { display: none; max-width: 52rem; } .sequence.narrow { max-width: 25rem; }
@media (min-width: 44rem) { .sequence.wide { display: block; } .sequence.narrow { display: none; } }
.sequence text { fill: var(--ink); stroke: var(--card); stroke-width: 4px; stroke-linejoin: round; paint-order: stroke; }
.lane rect { fill: var(--card); stroke: var(--edge); stroke-width: 1.5; } .lane line { stroke: var(--line); stroke-width: 2; }
.lane text { stroke: none; font: 600 1em system-ui, sans-serif; font-size: inherit; }
.lane.thief rect { fill: var(--alarm-paper); stroke: var(--alarm); }
.band line { stroke: var(--line); stroke-dasharray: 2 4; } .band text { fill: var(--soft); font-family: system-ui, sans-serif; }
.arrow line { stroke: var(--soft); stroke-width: 2; } .arrow polygon { fill: var(--soft); } .arrow.dashed line { stroke-dasharray: 6 4; }
.arrow.theft line { stroke: var(--warn); } .arrow.theft polygon { fill: var(--warn); }
.arrow.leak line { stroke: var(--leak); stroke-dasharray: 1 5; stroke-linecap: round; } .arrow.leak polygon, .arrow.leak text { fill: var(--leak); }
.arrow.alarm line, .arrow.loss line { stroke: var(--alarm); stroke-width: 3.5; stroke-dasharray: none; }
.arrow.alarm polygon, .arrow.loss polygon { fill: var(--alarm); } .arrow.alarm text, .arrow.loss text { fill: var(--alarm); font-weight: 700; }
.arrow.calm line { stroke: var(--leaf); } .arrow.calm polygon, .arrow.calm text { fill: var(--leaf); }
.afterwards li { display: flex; flex-wrap: wrap; gap: .1rem 1rem; justify-content: space-between; padding: .6rem 0; border-top: 1px solid var(--line); }
.afterwards li:first-child { border-top: 0; } .afterwards .good > :first-child::before { content: ""; display: inline-block; width: .4em; height: .8em; margin: 0 .6em .1em .2em;
  border: solid var(--leaf); border-width: 0 3px 3px 0; rotate: 40deg; }
.afterwards .bad > :first-child::before { content: "!"; margin: 0 .6em 0 .3em; color: var(--alarm); font-weight: 700; }
.afterwards .bad .detail { color: var(--alarm); font-weight: 700; } .detail { font: .9rem/1.6 var(--mono); }
pre { max-height: 24rem; margin: 0 0 .75rem; padding: .75rem; overflow: auto; white-space: pre-wrap; background: var(--paper);
  border: 1px solid var(--line); border-radius: .5rem; }
.raw h3 { margin-top: 1rem; }
.neighbours { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 15rem), 1fr)); gap: 1rem; margin: 2rem 0 0; }
.neighbours a { padding: .9rem 1.1rem; border: 1px solid var(--line); border-radius: 1rem; background: var(--card); text-decoration: none; }
.neighbours .soft { display: block; font-size: .9rem; } .neighbours [rel=next] { text-align: right; grid-column: -2; }
.tour { margin: 1.5rem 0; padding: 0; list-style: none; counter-reset: theft; }
.tour li { display: grid; grid-template-columns: auto 1fr; gap: .15rem .9rem; align-items: center; padding: .7rem 0; border-top: 1px solid var(--line); }
.tour .badge { justify-self: start; }
.tour .detail { grid-column: 1 / -1; }
@media (min-width: 48rem) { .tour li { grid-template-columns: 7rem 20rem 1fr; } .tour .detail { grid-column: auto; } }
@media (max-width: 30rem) { .facts { grid-template-columns: 1fr; gap: 0; } .facts dd { margin-bottom: .6rem; } }
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; }
  .tour li { animation: arrive .3s ease-out; } @keyframes arrive { from { translate: 0 .4rem; } } }
@media (forced-colors: active) { .sequence text { fill: CanvasText; stroke: Canvas; } .lane rect { fill: Canvas; stroke: CanvasText; }
  .lane line, .arrow line, .band line { stroke: CanvasText; } .arrow polygon { fill: CanvasText; }
  .arrow.alarm line { stroke: Mark; stroke-width: 5; } .cells .good, .cells .bad { forced-color-adjust: none; }
  .vault { stroke: CanvasText; } button, .button, .badge { border: 1px solid ButtonText; } }
`
