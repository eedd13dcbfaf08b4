import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "playwright",
  testMatch: "*.spec.js",
  timeout: 60_000,
  reporter: "list",
  outputDir: "../../../target/clients/playwright",
  use: {
    // Debian's browser; Playwright's own cannot be had everywhere.
    launchOptions: { executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] },
  },
});
