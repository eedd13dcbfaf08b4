// The entry of the console: navigation, and the page for the address.

import { connection, setToken } from "./client/api.js";
import { fill, h, setText } from "./parts/dom.js";
import { faultsPage } from "./pages/faults.js";
import { homePage } from "./pages/home.js";
import { playPage } from "./pages/play.js";
import { profilesPage } from "./pages/profiles.js";
import { runsPage } from "./pages/runs.js";
import { sessionPage } from "./pages/session.js";
import { route } from "./parts/route.js";

/**
 * A page fills `main` and returns what ends it.
 * @typedef {(main: HTMLElement, rest: string[]) => (() => void) | void} Page
 */

/** @type {{name: string, title: string, page: Page, hidden?: boolean}[]} */
const PAGES = [
  { name: "", title: "Home", page: homePage },
  { name: "play", title: "Play", page: playPage },
  { name: "profiles", title: "Profiles", page: profilesPage },
  { name: "faults", title: "Faults", page: faultsPage },
  { name: "runs", title: "Runs", page: runsPage },
  { name: "session", title: "Session", page: sessionPage, hidden: true },
];

const main = /** @type {HTMLElement} */ (document.querySelector("#main"));
const nav = /** @type {HTMLElement} */ (document.querySelector("#nav"));
const state = /** @type {HTMLElement} */ (document.querySelector("#connection"));
/** @type {(() => void) | void} */
let end;
/** @type {string | null} */
let shown = null;

function show() {
  const { page, rest } = route();
  const key = [page, ...rest].join("/");
  if (key === shown) return;
  const known = PAGES.find((one) => one.name === page);
  end?.();
  shown = key;
  fill(main);
  document.title = `${known?.title ?? "Not found"} · vsps`;
  for (const link of nav.querySelectorAll("a")) {
    if (link.dataset.page === page) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  end = known ? known.page(main, rest) : void fill(main, h("h1", {}, "There is no such page"));
}

function buildNavigation() {
  const links = PAGES.filter((page) => !page.hidden).map(({ name, title }) =>
    h("a", { href: `#/${name}`, "data-page": name }, title));
  fill(nav, links);
}

function tellConnection() {
  setText(state, connection.alive ? "" : "The proxy does not answer. What is shown is what was last known; this page tries again.");
  document.documentElement.classList.toggle("lost", !connection.alive);
}

function askForToken() {
  if (document.querySelector("dialog.token")) return;
  const input = h("input", { type: "password", autocomplete: "off", required: true });
  const form = h("form", { method: "dialog", onsubmit: () => {
    setToken(input.value);
    dialog.remove();
    location.reload();
  } }, h("label", { class: "field" }, h("span", {}, "The token of --admin-token"), input), h("button", { class: "primary" }, "Continue"));
  const dialog = h("dialog", { class: "token" }, h("h2", {}, "This proxy asks for a token"), form);
  document.body.append(dialog);
  dialog.showModal();
}

connection.addEventListener("lost", tellConnection);
connection.addEventListener("back", tellConnection);
connection.addEventListener("token", askForToken);
addEventListener("hashchange", show);
buildNavigation();
// A run that the address names is shown, whatever the page.
if (new URLSearchParams(location.search).has("run") && location.hash === "") location.replace("#/runs");
show();
