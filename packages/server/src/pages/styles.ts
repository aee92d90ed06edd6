/**
 * The look of every page that a person meets outside the console: sign-in, refusal, sign-out. Colours are the tokens of the
 * console, each named once; no literal colour below the tokens.
 */
export const styleSheet = `
:root {
  color-scheme: light dark;
  --surface: #ffffff; --paper: #f6f6f3; --line: #e3e3de; --line2: #cdcdc6; --control: #84847c;
  --ink: #1a1a18; --ink2: #484843; --ink3: #63635c; --deny: #a03200; --deny-ground: #fbe9e0;
  --qr: #000000; --qr-ground: #ffffff; /* in the dark too: cameras want it so */
  --sans: -apple-system, "Segoe UI Variable Text", "Segoe UI", Inter, Roboto, "Noto Sans", "Helvetica Neue", Arial, system-ui, sans-serif;
  --serif: Charter, "Bitstream Charter", "Charis SIL", "Sitka Text", Cambria, Georgia, serif;
  --mono: "SF Mono", ui-monospace, "Cascadia Mono", "JetBrains Mono", Menlo, Consolas, monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --surface: #171817; --paper: #0f100f; --line: #2d302d; --line2: #434743; --control: #7c807b;
    --ink: #edede9; --ink2: #c2c4be; --ink3: #9da09a; --deny: #ff9c70; --deny-ground: #351a0e;
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { font: 15px/23px var(--sans); color: var(--ink); background: var(--paper); -webkit-text-size-adjust: 100%; }
body { margin: 0; min-height: 100vh; min-height: 100dvh; display: flex; flex-direction: column; overflow-wrap: anywhere; }
:focus-visible { outline: 2px solid var(--ink); outline-offset: 2px; }
.bar { display: flex; align-items: center; gap: 12px; padding: 0 32px; min-height: 56px; background: var(--surface); border-bottom: 1px solid var(--line); }
.brand { display: inline-flex; align-items: center; gap: 8px; font: 600 17px/24px var(--serif); }
.brand svg { width: 20px; height: 20px; flex: none; }
.host { margin-left: auto; font: 12px/17px var(--mono); color: var(--ink3); }
main { flex: 1; display: flex; flex-direction: column; align-items: center; justify-content: center; padding: 32px 16px 56px; }
.letter { width: 100%; max-width: 440px; padding: 36px 40px; background: var(--surface); border: 1px solid var(--line2); border-radius: 8px; }
.letter.wide { max-width: 680px; }
h1 { margin: 0 0 4px; font: 400 27px/34px var(--serif); text-wrap: balance; }
p { margin: 0; text-wrap: pretty; }
.lead { color: var(--ink2); margin-bottom: 22px; }
.lead:last-child { margin-bottom: 0; }
.lead b { font-weight: 600; color: var(--ink); }
.state { display: flex; align-items: center; gap: 6px; margin-bottom: 10px; font-size: 14px; line-height: 21px; font-weight: 500; color: var(--deny); }
.state svg { width: 16px; height: 16px; flex: none; }
.field { display: grid; gap: 4px; margin-bottom: 14px; }
label { font-size: 13px; line-height: 20px; font-weight: 500; }
input { width: 100%; min-height: 42px; padding: 8px 11px; font: inherit; color: var(--ink); background: var(--surface); border: 1px solid var(--control); border-radius: 5px; }
input[type="radio"] { width: 16px; min-height: 16px; margin: 0; accent-color: var(--ink); }
textarea { width: 100%; min-height: 84px; padding: 8px 11px; font: inherit; color: var(--ink); background: var(--surface); border: 1px solid var(--control); border-radius: 5px; resize: vertical; }
fieldset { margin: 0 0 14px; padding: 0; border: 0; }
legend { margin-bottom: 4px; padding: 0; font-size: 13px; line-height: 20px; font-weight: 500; }
.choices { display: flex; flex-wrap: wrap; gap: 2px 22px; }
.choices label { display: inline-flex; align-items: center; gap: 8px; min-height: 32px; font: inherit; }
input[aria-invalid="true"], textarea[aria-invalid="true"] { border-color: var(--deny); }
.wrong { display: flex; gap: 8px; margin-bottom: 16px; padding: 9px 12px; font-size: 14px; line-height: 21px; color: var(--deny); background: var(--deny-ground); border-radius: 5px; }
.wrong svg { width: 16px; height: 16px; margin-top: 2px; flex: none; }
.buttons { display: grid; gap: 8px; margin-top: 6px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(150px, 100%), 1fr)); gap: 8px; }
button { min-height: 42px; padding: 8px 16px; font: 500 15px/23px var(--sans); color: var(--ink); background: var(--surface); border: 1px solid var(--control); border-radius: 5px; cursor: pointer; }
button.first { color: var(--surface); background: var(--ink); border-color: var(--ink); }
button:hover { border-color: var(--ink); }
button.first:hover { background: var(--ink2); }
[hidden] { display: none; }
.wrong[hidden] { display: none; }
.hint { font-size: 13px; line-height: 20px; font-weight: 400; color: var(--ink3); }
.section .hint { margin-bottom: 10px; }
.said { margin-bottom: 16px; padding: 9px 12px; font-size: 14px; line-height: 21px; color: var(--ink2); background: var(--paper); border-radius: 5px; }
.step { margin: 18px 0 8px; font-size: 13px; line-height: 20px; font-weight: 600; }
.qr { display: block; width: 192px; max-width: 100%; margin-bottom: 8px; color: var(--qr); background: var(--qr-ground); border: 1px solid var(--line2); border-radius: 5px; }
.secret { font-size: 13px; line-height: 20px; color: var(--ink2); }
.codes { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(290px, 100%), 1fr)); gap: 4px 20px; margin: 0 0 18px; padding: 12px 0 0 32px; border-top: 1px solid var(--ink); font: 13px/24px var(--mono); }
.codes code { font: inherit; }
details { margin-top: 14px; font-size: 14px; line-height: 21px; }
summary { cursor: pointer; padding: 4px 0; color: var(--ink2); }
details form { margin-top: 10px; }
.section { margin: 26px 0 0; padding-top: 12px; border-top: 1px solid var(--ink); }
h2 { margin: 0 0 4px; font: 600 13px/20px var(--sans); }
.list { list-style: none; margin: 0; padding: 0; }
.list li { padding: 10px 0; border-bottom: 1px solid var(--line); }
.list b { font-weight: 600; }
.list + form { margin-top: 16px; }
.list form { margin-top: 6px; }
.list .list { margin-left: 12px; }
.list .when { font-size: 13px; line-height: 20px; color: var(--ink3); }
.acts { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: start; }
.acts details { margin-top: 4px; flex: 1 1 200px; }
button.plain { min-height: 32px; padding: 4px 10px; font-size: 14px; line-height: 21px; }
.letter a { color: var(--ink); }
.remark { margin-top: 20px; font-size: 12px; line-height: 18px; color: var(--ink3); }
.reference { margin-top: 12px; font-size: 13px; line-height: 20px; color: var(--ink3); }
code { font: 12px/17px var(--mono); }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: 6px 20px; margin: 0; padding-top: 12px; border-top: 1px solid var(--ink); }
.facts dt { font-size: 13px; line-height: 20px; color: var(--ink3); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.foot { padding: 16px 32px; font-size: 12px; line-height: 18px; color: var(--ink3); border-top: 1px solid var(--line); }
@media (max-width: 560px) {
  .bar, .foot { padding-left: 16px; padding-right: 16px; }
  .letter { padding: 24px 20px; }
  main { justify-content: flex-start; padding-top: 24px; }
}
@media (forced-colors: active) {
  button.first { border-width: 2px; }
  .wrong { border: 1px solid; }
}
`.trim();
