// Makes elements. Text is always set as text, never as HTML, so that nothing in a title or a label is markup.

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * An element with attributes, listeners (`onclick`, …) and children. `class` and other names are attributes; a value of
 * `true` is an attribute without a value, and `false`, `null` or `undefined` leaves it out.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" && "value" in element) Object.assign(element, { value });
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  append(element, children);
  return element;
}

/**
 * Appends children; what is null, undefined or false is left out.
 * @param {Element} parent
 * @param {(Child | Child[])[]} children
 */
function append(parent, children) {
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child instanceof Node ? child : String(child));
  }
}

/**
 * Replaces the children of an element.
 * @param {Element} parent
 * @param {...(Child | Child[])} children
 */
export function fill(parent, ...children) {
  parent.replaceChildren();
  append(parent, children);
}

/**
 * Sets the text of an element, if it is another one: the page does not change otherwise.
 * @param {Element} element
 * @param {string | number} text
 */
export function setText(element, text) {
  if (element.textContent !== String(text)) element.textContent = String(text);
}

/**
 * A label with its control below.
 * @param {string} text
 * @param {HTMLElement} control
 * @param {string} [hint]
 */
export function field(text, control, hint) {
  return h("label", { class: "field" }, h("span", {}, text), control, hint ? h("small", {}, hint) : null);
}

/**
 * A select with options of [value, text].
 * @param {[string, string][]} options
 * @param {Record<string, any>} [attributes]
 */
export function select(options, attributes = {}) {
  return h("select", attributes, options.map(([value, text]) => h("option", { value }, text)));
}

/**
 * A short message at the bottom of the page, also for screen readers.
 * @param {string} text
 * @param {"info" | "error"} [tone]
 */
export function notify(text, tone = "info") {
  const place = document.querySelector("#notices");
  if (!place) return;
  const notice = h("div", { class: `notice ${tone}`, role: tone === "error" ? "alert" : "status" }, text);
  place.append(notice);
  setTimeout(() => notice.remove(), tone === "error" ? 9000 : 4000);
}

/**
 * Runs `work`; an error is shown to the user.
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T | undefined>}
 */
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    const text = error instanceof Error ? ("text" in error ? String(error.text) : error.message) : String(error);
    notify(text, "error");
    return undefined;
  }
}
