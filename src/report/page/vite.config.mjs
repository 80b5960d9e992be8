/**
 * Bundles the page into `dist/page/page.js`, one classic script, and `page.css` with its fonts inside: neither modules nor fonts
 * in other files load everywhere from a `file://` page.
 */
import { defineConfig } from "vite";

/** Of KaTeX's fonts, those that the formulas use, in the one format that every browser reads. */
const usedFonts = {
  name: "used-fonts",
  enforce: "pre",
  transform(code, id) {
    if (!/katex.*\.css$/.test(id)) return null;
    return code
      .replace(/@font-face\s*\{[^}]*KaTeX_(?:Caligraphic|Fraktur|SansSerif|Script|Typewriter)[^}]*\}/g, "")
      .replace(/,\s*url\([^)]*\.(?:woff|ttf)\)\s*format\(["'](?:woff|truetype)["']\)/g, "");
  },
};

export default defineConfig({
  root: new URL(".", import.meta.url).pathname,
  plugins: [usedFonts],
  logLevel: "warn",
  build: {
    outDir: "../../../dist/page",
    emptyOutDir: true,
    target: "es2022",
    lib: { entry: "main.ts", formats: ["iife"], name: "margincert", fileName: () => "page.js", cssFileName: "page" },
  },
});
