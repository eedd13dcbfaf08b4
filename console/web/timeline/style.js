// The style of the timeline. It is a constructed style sheet, so it needs no file and no inline style.

const TEXT = `
:host {
  --ink: #1c2330; --muted: #5b6472; --grid: #dfe3ea; --surface: #ffffff; --focus: #0b62d6;
  --series-granted: #7a8494; --series-delivered: #0b62d6; --series-estimated: #b35900; --series-cmcd: #0a7d6c;
  --series-mtp: #8a3ffc; --series-other: #b3267a; --series-player: #5a7d00;
  --rung-video: #6d8fd8; --rung-audio: #6cb5a3; --rung-text: #c2a15a;
  --stall: #8a6dc9; --rebuffer: #d8453a; --pause: #9aa3b0;
  --mark-command: #1c2330; --mark-fault: #c9312a; --mark-drop: #b35900; --mark-switch: #0b62d6;
  --mark-error: #8f1d58; --mark-player: #0a7d6c; --mark-session: #5b6472;
  --part-latency: #9aa3b0; --part-fault: #d8453a; --part-origin: #d39b2a; --part-token: #a9c4f0;
  --part-stall: #8a6dc9; --part-transfer: #0b62d6; --part-pending: #bcc4d0;
  display: block; position: relative; color: var(--ink); font: 13px/1.4 system-ui, sans-serif;
  container-type: inline-size;
}
@media (prefers-color-scheme: dark) {
  :host {
    --ink: #e7ebf2; --muted: #9aa4b4; --grid: #2c3442; --surface: #151a22; --focus: #7fb0ff;
    --series-granted: #8b95a6; --series-delivered: #6ea8ff; --series-estimated: #f0a04b; --series-cmcd: #4fd0b8;
    --series-mtp: #c09bff; --series-other: #ff8cc6; --series-player: #b5d84c;
    --rung-video: #3f5fa8; --rung-audio: #2f7a69; --rung-text: #85692c;
    --stall: #9c82dd; --rebuffer: #e8695f; --pause: #5e6878;
    --mark-command: #e7ebf2; --mark-fault: #ff7a70; --mark-drop: #f0a04b; --mark-switch: #6ea8ff;
    --mark-error: #ff8cc6; --mark-player: #4fd0b8; --mark-session: #9aa4b4;
    --part-latency: #5e6878; --part-fault: #e8695f; --part-origin: #d8a848; --part-token: #3c557f;
    --part-stall: #9c82dd; --part-transfer: #6ea8ff; --part-pending: #3a4453;
  }
}
:host([hidden]) { display: none; }
.frame { position: relative; outline: none; border-radius: 6px; padding-inline-start: 72px; }
header, .empty { margin-inline-start: -72px; }
.plot { position: relative; }
.names span { position: absolute; left: -72px; inline-size: 68px; font-size: 11px; line-height: 16px; color: var(--muted);
  overflow: hidden; text-overflow: ellipsis; white-space: nowrap; padding-inline-start: 4px; }
.frame:focus-visible { box-shadow: 0 0 0 2px var(--focus); }
header { display: flex; flex-wrap: wrap; gap: 2px 14px; align-items: baseline; padding: 6px 4px 2px; min-height: 20px; }
h3 { font-size: 13px; font-weight: 600; margin: 0; }
.legend { display: inline-flex; gap: 5px; align-items: center; font: inherit; font-size: 12px; color: var(--ink);
  background: none; border: 0; padding: 2px; cursor: pointer; border-radius: 4px; }
.legend:focus-visible { outline: 2px solid var(--focus); }
.legend[aria-pressed="false"] { color: var(--muted); text-decoration: line-through; }
.legend i { inline-size: 10px; block-size: 10px; border-radius: 2px; align-self: center; }
.legend output { font-variant-numeric: tabular-nums; color: var(--muted); inline-size: 6em; block-size: 1.4em; text-align: start;
  white-space: nowrap; display: inline-block; contain: strict; }
span.legend { cursor: default; }
canvas { display: block; inline-size: 100%; cursor: crosshair; touch-action: pan-y; }
canvas.ruler { position: sticky; top: 0; background: var(--surface); z-index: 2; cursor: ew-resize; }
.cursor, .range { position: absolute; top: 0; bottom: 0; left: 72px; pointer-events: none; display: none; }
.cursor { inline-size: 1px; background: var(--ink); opacity: .55; z-index: 3; will-change: transform; }
.range { inline-size: 1px; transform-origin: left; background: var(--focus); opacity: .13; z-index: 1; will-change: transform; }
.tip { position: absolute; z-index: 4; max-inline-size: min(28em, 80cqi); padding: 4px 8px; border-radius: 5px;
  background: var(--ink); color: var(--surface); font-size: 12px; pointer-events: none; display: none;
  overflow-wrap: anywhere; white-space: pre-line; left: 0; top: 0; inline-size: max-content; will-change: transform; }
.readout { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); }
.empty { padding: 24px 8px; color: var(--muted); }
`;

/** @type {CSSStyleSheet | undefined} */
let sheet;

/** The style sheet, which all timelines share. */
export function styleSheet() {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(TEXT);
  }
  return sheet;
}
