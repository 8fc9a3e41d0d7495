/** The part of the stylesheet for the page of a person's own account. */
export const accountStyles = `
.wide section { margin-block-start: 1.25rem; }
.wide h2 { font-size: 1.2rem; }
.wide h3 { margin: 0; font-size: 1.05rem; }
.wide h4 { margin: 1rem 0 0; font-size: .95rem; }
.wide button { inline-size: auto; }
.wide .sentence { margin-block-start: .25rem; font-size: 1.05rem; }
.wide .scopes li { padding-block: .45rem; }
.entries { margin: .75rem 0 0; padding: 0; list-style: none; }
.entry { padding-block: 1.1rem; border-block-start: 1px solid var(--line); }
article.entry { margin-block-start: 1rem; padding-block-end: .5rem; }
li.entry { display: flex; flex-wrap: wrap; align-items: flex-start; justify-content: space-between; gap: .75rem 1.5rem; }
li.entry > div:first-child { flex: 1 1 16rem; min-inline-size: 0; }
li.entry p + p { margin-block-start: .1rem; }
li.entry .soft { font-size: .9rem; }
.title { font-weight: 600; }
.title .badge { margin-inline-start: .35rem; }
.allowed { margin-block: .9rem; padding: .25rem 1rem 1rem; border: 1px solid var(--line); border-radius: .6rem; }
.allowed > p:first-child { margin-block-start: .75rem; font-size: .9rem; }
.allowed dl { border-block-end: 0; padding-block-end: 0; }
.allowed form { margin-block-start: .75rem; }
button.small { min-block-size: 2.5rem; padding: .35rem .9rem; font-size: .92rem; }
.changes { display: flex; flex-wrap: wrap; align-items: flex-start; gap: .6rem; }
summary { min-block-size: 2.5rem; padding-block: .45rem; cursor: pointer; font-weight: 600; }
section > details { margin-block-start: 1rem; padding-block-start: .5rem; border-block-start: 1px solid var(--line); }
section > details > form { margin-block-start: .9rem; }
.changes summary { padding-inline: .5rem; font-size: .92rem; }
.changes details[open] { flex: 1 1 100%; }
.changes details button { margin-block-start: .75rem; }
.changes label { margin-block-start: .5rem; }
.add { margin-block-start: .75rem; padding-block-start: .25rem; border-block-start: 1px solid var(--line); }
.add button { margin-block-start: 1rem; }
.add .hint { margin-block-start: .6rem; }
.add > p { margin-block-start: .75rem; }
.events { margin: .75rem 0 0; padding: 0; list-style: none; }
.events li { display: grid; grid-template-columns: minmax(9rem, 12.5rem) 1fr; gap: .1rem 1rem; padding-block: .6rem; border-block-start: 1px solid var(--line); }
.events time, .events .soft { color: var(--soft); font-size: .9rem; }
.events p + p { margin-block-start: .1rem; }
.leave { margin-block-start: 1.5rem; text-align: center; }
@media (max-width: 34rem) {
  .events li { grid-template-columns: 1fr; }
  .wide button:not(.small) { inline-size: 100%; }
  .wide section { padding: 1.1rem; }
  .allowed { padding-inline: .8rem; }
}
`
