// The address of the page: `#/page/rest?key=value`. It holds the state of the page, so that a link shows the same.

/**
 * What the address says.
 * @returns {{page: string, rest: string[], query: URLSearchParams}}
 */
export function route() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [page, ...rest] = path.split("/").map(decode);
  return { page: page ?? "", rest: rest.filter((part) => part !== ""), query: new URLSearchParams(query ?? "") };
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Changes values of the address without a new entry in the history; `null` removes one.
 * @param {Record<string, string | number | null>} values
 */
export function remember(values) {
  const { query } = route();
  for (const [key, value] of Object.entries(values)) {
    if (value === null || value === "") query.delete(key);
    else query.set(key, String(value));
  }
  const path = location.hash.split("?")[0] || "#/";
  const text = query.toString();
  history.replaceState(null, "", `${location.pathname}${location.search}${path}${text ? `?${text}` : ""}`);
}

/**
 * The address of a session's page.
 * @param {string} id
 */
export const sessionLink = (id) => `#/session/${encodeURIComponent(id)}`;
