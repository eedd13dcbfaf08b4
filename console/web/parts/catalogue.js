// A list to search at the left, and what was chosen at the right.

import { fill, h, setText } from "./dom.js";
import { remember, route } from "./route.js";

/**
 * @template {{name: string, summary: string}} T
 * @param {HTMLElement} main
 * @param {{title: string, page: string, entries: T[], chosen: string, words?: (entry: T) => string,
 *   show: (entry: T) => Node}} what
 */
export function catalogue(main, { title, page, entries, chosen, words, show }) {
  const search = h("input", { type: "search", placeholder: `Search ${entries.length}`, "aria-label": `Search ${title}`,
    value: route().query.get("q") ?? "" });
  const list = h("ul", { class: "catalogue-list" });
  const count = h("small", { role: "status" });
  const items = entries.map((entry) => ({
    text: `${entry.name} ${entry.summary} ${words?.(entry) ?? ""}`.toLowerCase(),
    element: h("li", {}, h("a", { href: `#/${page}/${encodeURIComponent(entry.name)}`, "aria-current": entry.name === chosen ? "true" : false },
      entry.name, h("small", {}, entry.summary))),
  }));
  const filter = () => {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = items.filter((item) => wanted.every((word) => item.text.includes(word)));
    fill(list, found.map((item) => item.element));
    setText(count, `${found.length} of ${items.length}`);
  };
  search.addEventListener("input", () => {
    remember({ q: search.value || null });
    filter();
  });
  filter();
  const entry = entries.find((one) => one.name === chosen);
  const detail = entry ? show(entry) : h("div", { class: "card" }, h("p", {}, chosen === "" ? "Choose one from the list." : `There is no ${chosen}.`));
  fill(main, h("h1", {}, title), h("div", { class: "catalogue" }, h("div", { class: "card" }, search, count, list), detail));
  list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
}
