// Plays a stream with hls.js from a page of the proxy itself, over HTTPS.
//
// node secure.mjs URL SPKI http2|http3 [PATH]
//
// URL: scheme and host of the proxy; SPKI: the SHA-256 of its CA's public key, in base64; PATH: a playlist, otherwise that
// of the built-in stream. Prints JSON: the protocols of the requests, the media time played, the requests that were not
// over HTTPS, and what the browser said of mixed content.
import { chromium } from "playwright-core";
import { fileURLToPath } from "node:url";

const [base, spki, protocol, path = "/demo/hls/master.m3u8"] = process.argv.slice(2);
const args = ["--autoplay-policy=no-user-gesture-required", `--ignore-certificate-errors-spki-list=${spki}`];
if (protocol === "http3") args.push(`--origin-to-force-quic-on=${new URL(base).host}`, "--enable-quic");
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args,
});
try {
  const page = await browser.newPage();
  const [insecure, mixed] = [[], []];
  page.on("request", (request) => /^(https|blob|data):/.test(request.url()) || insecure.push(request.url()));
  page.on("console", (message) => /mixed content/i.test(message.text()) && mixed.push(message.text()));
  await page.goto(`${base}/-/ca`);
  await page.addScriptTag({ path: fileURLToPath(new URL("node_modules/hls.js/dist/hls.min.js", import.meta.url)) });
  const seen = await page.evaluate(async (path) => {
    const video = document.createElement("video");
    video.muted = true;
    document.body.append(video);
    const hls = new globalThis.Hls();
    const fatal = new Promise((_, reject) => {
      hls.on("hlsError", (_name, data) => data.fatal && reject(new Error(data.details)));
    });
    hls.loadSource(path);
    hls.attachMedia(video);
    void video.play();
    const playing = (async () => {
      while (video.currentTime < 2) await new Promise((resolve) => setTimeout(resolve, 100));
    })();
    await Promise.race([playing, fatal]);
    const entries = performance.getEntriesByType("resource");
    const protocols = [...new Set(entries.map((entry) => entry.nextHopProtocol))];
    return { protocols, requests: entries.length, played: video.currentTime };
  }, path);
  console.log(JSON.stringify({ ...seen, insecure, mixed }));
} finally {
  await browser.close();
}
