// The entry of a report of `vsps bench`: a session that is open is shown on a timeline, in place of its picture.

import { sessionTracks } from "../data/bench_session.js";
import "../timeline/timeline.js";

/** @param {Element} details the element of a session: its title, its picture, its data */
function show(details) {
  const [picture, data] = [details.querySelector("svg"), details.querySelector("script")];
  if (!picture || !data || details.querySelector("vsps-timeline")) return;
  const timeline = /** @type {import("../timeline/timeline.js").Timeline} */ (document.createElement("vsps-timeline"));
  timeline.setAttribute("label", `${picture.getAttribute("aria-label")}. Use arrow keys to move the cursor.`);
  timeline.tracks = sessionTracks(JSON.parse(data.textContent ?? ""));
  picture.before(timeline);
  details.classList.add("live");
}

for (const details of document.querySelectorAll("details.session")) {
  if (details.hasAttribute("open")) show(details);
  else details.addEventListener("toggle", () => show(details), { once: true });
}
