/** The style of /docs; the page has no other file, and no script. */
export const STYLE = `
:root { color-scheme: light dark; --line: #d5d9e0; --soft: #f4f5f8; --dim: #5a6270; --link: #0b57d0; --bg: #fff; --fg: #16181d; }
@media (prefers-color-scheme: dark) {
  :root { --line: #363b45; --soft: #1d2027; --dim: #a1a8b5; --link: #8ab4f8; --bg: #131519; --fg: #e7e9ee; }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; background: var(--bg); color: var(--fg); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
nav li, small { overflow-wrap: anywhere; }
a { color: var(--link); }
a.skip { position: absolute; left: -99rem; }
a.skip:focus { left: 1rem; top: 1rem; background: var(--bg); padding: .5rem; }
nav { padding: 1rem; border-bottom: 1px solid var(--line); max-height: 50vh; overflow: auto; font-size: .9rem; }
nav ul { list-style: none; margin: 0 0 .75rem; padding: 0; }
nav li { padding: .1rem 0; }
nav h2 { font-size: .9rem; margin: .5rem 0 .1rem; }
main { padding: 1rem; max-width: 62rem; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; }
h2 { border-bottom: 1px solid var(--line); margin-top: 2.5rem; }
article { margin: 2rem 0; padding-top: .5rem; }
h3 { margin: 0 0 .25rem; font-size: 1.1rem; }
h4 { margin: 1.25rem 0 .25rem; font-size: .95rem; }
code, pre, .type { font-family: ui-monospace, monospace; font-size: .875em; }
pre { background: var(--soft); border: 1px solid var(--line); padding: .75rem; overflow-x: auto; overflow-wrap: normal; }
.method { display: inline-block; min-width: 3.6em; text-align: center; border: 1px solid var(--line); border-radius: .25rem; background: var(--soft); padding: 0 .35rem; text-transform: uppercase; font-weight: 700; }
.who, small, b { color: var(--dim); }
b { font-size: .75em; font-weight: 600; }
small { display: block; }
table { border-collapse: collapse; width: 100%; margin: .25rem 0 .75rem; font-size: .92rem; }
th, td { border: 1px solid var(--line); padding: .3rem .5rem; text-align: left; vertical-align: top; font-weight: inherit; }
thead th { background: var(--soft); font-weight: 600; }
tr.nested > td { padding: .25rem 0 .25rem 1.25rem; border-left-width: 3px; }
summary { cursor: pointer; }
@media (min-width: 64rem) {
  body { display: grid; grid-template-columns: 19rem minmax(0, 1fr); }
  nav { position: sticky; top: 0; height: 100vh; max-height: none; border-bottom: 0; border-right: 1px solid var(--line); }
  main { padding: 1.5rem 2rem; }
}
@media (max-width: 40rem) {
  thead { position: absolute; left: -99rem; }
  table, tbody, tr, tbody th, td { display: block; width: 100%; border: 0; padding: .1rem 0; }
  tr { border-top: 1px solid var(--line); padding: .35rem 0; }
  tr.nested { border-top: 0; padding: 0; }
  tr.nested > td { padding-left: .75rem; border-left: 3px solid var(--line); }
}
`
