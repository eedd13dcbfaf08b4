// One HTML file with a run and the page that shows it. It needs no server and no network.

/** @typedef {import("../data/shapes.js").RunFile} RunFile */

/** The module that shows the run in the file. */
const ENTRY = "export/viewer.js";
const STYLES = ["style/theme.css", "style/parts.css", "style/pages.css"];

/**
 * The modules that `entry` needs, itself included, by path.
 * @param {string} entry
 * @param {(path: string) => Promise<string>} read
 */
export async function modulesOf(entry, read) {
  /** @type {Map<string, string>} */
  const found = new Map();
  const visit = async (/** @type {string} */ path) => {
    if (found.has(path)) return;
    found.set(path, "");
    const text = await read(path);
    found.set(path, text);
    for (const [, specifier] of text.matchAll(IMPORT)) await visit(resolve(path, specifier));
  };
  await visit(entry);
  return found;
}

/** A static import at the start of a line. Imports in type comments are not at the start. */
const IMPORT = /^(?:import|export)\s(?:[\w*{},\s]*?\sfrom\s)?"(\.{1,2}\/[^"]+)"/gm;

/**
 * The path of an imported module.
 * @param {string} from
 * @param {string} specifier
 */
export function resolve(from, specifier) {
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/**
 * The HTML file. An import map gives each module a `data:` address, since a file on disk cannot load others beside it.
 * @param {string} entry
 * @param {Map<string, string>} modules by path
 * @param {string} style
 * @param {object} data what the entry module finds in the element `#run`
 * @param {string} title
 */
export function page(entry, modules, style, data, title) {
  const named = (/** @type {string} */ path, /** @type {string} */ text) =>
    text.replace(IMPORT, (line, specifier) => line.replace(`"${specifier}"`, `"vsps/${resolve(path, specifier)}"`));
  const imports = Object.fromEntries([...modules].map(([path, text]) =>
    [`vsps/${path}`, `data:text/javascript;base64,${base64(named(path, text))}`]));
  // `<` is escaped, so that no text in the data ends the element.
  const json = (/** @type {object} */ value) => JSON.stringify(value).replaceAll("<", "\\u003c");
  const escaped = title.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped}</title>
<style>${style}</style>
<script type="importmap">${json({ imports })}</script>
</head>
<body>
<main id="main"></main>
<div id="notices"></div>
<script type="application/json" id="run">${json(data)}</script>
<script type="module">import "vsps/${entry}";</script>
</body>
</html>
`;
}

/** @param {string} text */
function base64(text) {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/**
 * Saves text as a file.
 * @param {string} name
 * @param {string} text
 * @param {string} type
 */
export function saveFile(name, text, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10e3);
}

/**
 * Saves a run as one HTML file.
 * @param {RunFile} run
 */
export async function saveExport(run) {
  const root = new URL("..", import.meta.url);
  const read = async (/** @type {string} */ path) => {
    const response = await fetch(new URL(path, root));
    if (!response.ok) throw new Error(`${path}: status ${response.status}`);
    return response.text();
  };
  const modules = await modulesOf(ENTRY, read);
  const style = (await Promise.all(STYLES.map(read))).join("\n");
  const name = run.meta.label ?? run.sessions[0]?.timeline.session.id ?? "run";
  saveFile(`vsps-run-${name.replaceAll(/[^\w.-]+/g, "-")}.html`, page(ENTRY, modules, style, run, `vsps run ${name}`), "text/html");
}
