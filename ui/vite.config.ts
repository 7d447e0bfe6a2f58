import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env["BOTHWAYS_URL"] ?? "http://localhost:8090";
const apiPaths = ["/v1", "/login", "/connect", "/oauth", "/docs"];

export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: {
      "@bothways/client": fileURLToPath(new URL("../clients/typescript/src/index.ts", import.meta.url)),
    },
    // The client lies outside of this folder and shares what is installed here.
    dedupe: ["openapi-fetch"],
  },
  build: {
    // The server's policy allows no data: scripts or fonts, and small files gain nothing from it.
    assetsInlineLimit: 0,
    // These know `light-dark()`; what it would be rewritten to for older ones does not follow the theme.
    cssTarget: ["chrome123", "edge123", "firefox120", "safari17.5"],
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1000,
  },
  server: { proxy: Object.fromEntries(apiPaths.map((path) => [path, server])) },
  test: { include: ["src/**/*.test.{ts,tsx}"], environment: "node" },
});
