// A line of code with a button that copies it.

import { h, notify, setText } from "./dom.js";

/**
 * Copies text, and says so.
 * @param {string} text
 */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    notify("Copied.");
  } catch {
    // No permission, or not a secure context: select the text, so that Ctrl+C copies it.
    notify("The browser does not allow copying here: select the text and copy it.", "error");
  }
}

/**
 * Code with a copy button. `set` replaces the code.
 * @param {string} name what the code is, for the button's label
 * @param {string} [text]
 * @returns {{element: HTMLElement, set: (text: string) => void, text: () => string}}
 */
export function codeLine(name, text = "") {
  const code = h("code", { tabindex: "0" }, text);
  const button = h("button", { type: "button", class: "small", "aria-label": `Copy ${name}`,
    onclick: () => void copy(code.textContent ?? "") }, "Copy");
  const element = h("div", { class: "code-line" }, h("span", { class: "code-name" }, name), code, button);
  return { element, set: (next) => setText(code, next), text: () => code.textContent ?? "" };
}

/**
 * Details with several lines of code that do the same as a form.
 * @param {string[]} names
 * @returns {{element: HTMLElement, set: (values: Record<string, string>) => void}}
 */
export function sameAs(names) {
  const lines = names.map((name) => ({ name, line: codeLine(name) }));
  const element = h("details", { class: "same-as" }, h("summary", {}, "The last command, as curl, URL and rule"),
    lines.map(({ line }) => line.element));
  const set = (/** @type {Record<string, string>} */ values) => {
    for (const { name, line } of lines) {
      line.set(values[name] ?? "");
      line.element.hidden = !values[name];
    }
  };
  return { element, set };
}
