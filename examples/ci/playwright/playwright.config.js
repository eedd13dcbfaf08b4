import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: ".",
  timeout: 60_000,
  reporter: "list",
  use: {
    // The proxy of the workflow; without it, one is started.
    vspsStart: process.env.VSPS_ADMIN ? { admin: `http://${process.env.VSPS_ADMIN}` } : {},
    // A browser of the system, if it is named.
    launchOptions: process.env.CHROMIUM
      ? { executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] }
      : {},
  },
});
