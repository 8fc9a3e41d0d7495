/**
 * The one stylesheet of all pages, inlined as it is between `<style>` and `</style>`: a server allows it by its SHA-256
 * in `style-src` and allows nothing else.
 */
export const stylesheet = `
:root {
  color-scheme: light dark;
  --paper: #f3f1ec; --card: #ffffff; --ink: #1a232e; --soft: #56606c; --line: #d8d3c8; --brass: #86580f;
  --action: #1a232e; --on-action: #ffffff; --alarm: #a3211b; --alarm-paper: #fdf0ee; --field: #ffffff; --edge: #7c8590;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #10141a; --card: #181e26; --ink: #ebe8e1; --soft: #a7afb9; --line: #333c47; --brass: #dcae62;
    --action: #ebe8e1; --on-action: #10141a; --alarm: #ffb3a8; --alarm-paper: #33191a; --field: #10141a; --edge: #77818d;
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { font: 100%/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
body {
  margin: 0; min-height: 100vh; min-height: 100svh; padding: clamp(1rem, 5vw, 3rem) 1rem; background: var(--paper);
  color: var(--ink); display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 1.25rem;
}
.brand {
  width: 100%; max-width: 27rem; display: flex; align-items: center; gap: .6rem; margin: 0; font-size: .95rem;
  font-weight: 600; letter-spacing: .02em;
}
.brand::before {
  content: ""; width: 1.35rem; height: 1.35rem; border: .2rem solid var(--brass); border-radius: 50%;
  background: radial-gradient(circle, var(--brass) 0 22%, transparent 24%);
}
main {
  width: 100%; max-width: 27rem; padding: clamp(1.25rem, 5vw, 2rem); background: var(--card);
  border: 1px solid var(--line); border-radius: .75rem; overflow-wrap: anywhere;
}
h1 { margin: 0 0 .5rem; font-size: 1.4rem; line-height: 1.25; letter-spacing: -.01em; text-wrap: balance; }
h2 { margin: 1.5rem 0 .5rem; font-size: 1rem; }
p { margin: 0 0 .75rem; }
.soft { color: var(--soft); }
.last { margin: 1rem 0 0; font-size: .9rem; }
code { font: .9em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .15rem .9rem; margin: 1rem 0; font-size: .9rem; }
dt { color: var(--soft); }
dd { margin: 0; }
ul { margin: 0; padding: 0; list-style: none; border-top: 1px solid var(--line); }
li { padding: .6rem 0; border-bottom: 1px solid var(--line); }
li code { display: block; color: var(--soft); font-size: .8rem; }
label { display: block; margin: 1rem 0 .3rem; font-weight: 600; }
input {
  width: 100%; min-height: 2.75rem; padding: .5rem .75rem; font: inherit; color: inherit; background: var(--field);
  border: 1px solid var(--edge); border-radius: .5rem;
}
button {
  width: 100%; min-height: 2.75rem; padding: .5rem 1rem; font: inherit; font-weight: 600; border-radius: .5rem;
  border: 1px solid var(--action); background: var(--action); color: var(--on-action); cursor: pointer;
}
button.plain { background: transparent; color: var(--ink); border-color: var(--edge); }
button:hover { filter: brightness(1.12); }
:focus-visible { outline: 3px solid var(--brass); outline-offset: 2px; }
.choice { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; margin-top: 1.5rem; }
.sign-in { margin: 1.25rem 0 .75rem; }
.sign-in button { margin-top: 1.25rem; }
[role="alert"] {
  margin: 1rem 0 0; padding: .75rem 1rem; color: var(--alarm); background: var(--alarm-paper);
  border: 1px solid currentColor; border-radius: .5rem;
}
[role="alert"] p { margin: 0; }
@media (forced-colors: active) { .brand::before { forced-color-adjust: none; } }
`
