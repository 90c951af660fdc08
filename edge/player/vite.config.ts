import { defineConfig } from "vite";

// build.rs passes --outDir. Nothing is inlined, so that the page needs no exception in its
// Content-Security-Policy, and every asset but the page carries its hash in its name.
export default defineConfig({
  root: "web",
  publicDir: false,
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    // hls.js is most of it, and the page is nothing without it.
    chunkSizeWarningLimit: 800,
  },
});
