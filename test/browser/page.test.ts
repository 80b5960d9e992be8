/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { describeWith, onPath } from "../tools.js";

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const MAIN = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const CERTIFICATES = new URL("../../certificates/", import.meta.url).pathname;
const ACCEPTED = new URL("../certificates/accept/", import.meta.url).pathname;
const ENCLOSED = new URL("../certificates/enclosed/accept/", import.meta.url).pathname;

const names = readdirSync(CERTIFICATES)
  .filter((file) => file.endsWith(".json") && !file.endsWith(".flow.json"))
  .map((file) => file.slice(0, -".json".length));
const certificate = (name: string) => readFileSync(join(CERTIFICATES, `${name}.json`), "utf8");
const TAMPERED = certificate("fc-relu").replace('"multiplier": "2"', '"multiplier": "3"');

const path = process.env.CHROMIUM ?? onPath("chromium", "chromium-browser", "google-chrome");
describeWith(
  path,
  "Chromium (apt-get install chromium, or CHROMIUM=/its/path)",
  "the page in Chromium",
  (executablePath) => {
    let folder: string;
    let browser: Browser;
    const complaints: string[] = [];
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "margincert-page-"));
      const report = spawnSync(process.execPath, [MAIN, "report", "--certificates", CERTIFICATES, "--out", folder]);
      expect(report.stderr.toString()).toBe("");
      browser = await chromium.launch({ executablePath });
    });
    afterAll(async () => {
      await browser.close();
      rmSync(folder, { recursive: true });
    });
    afterEach(async () => {
      for (const context of browser.contexts()) await context.close();
      expect(complaints.splice(0)).toEqual([]);
    });

    /** The page from disk, or another address; errors on the console and requests beyond its own files are complaints. */
    async function opened(options: { width?: number; scheme?: "dark" | "light"; script?: boolean; url?: string } = {}) {
      const { width = 1280, scheme = "light", script = true, url = `file://${folder}/index.html` } = options;
      const context = await browser.newContext({
        viewport: { width, height: 900 },
        colorScheme: scheme,
        reducedMotion: "reduce",
        javaScriptEnabled: script,
      });
      const page = await context.newPage();
      const home = new URL(".", url).href;
      page.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) complaints.push(message.text());
      });
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.on("request", (request) => {
        if (!request.url().startsWith(home) && !request.url().startsWith("data:")) complaints.push(request.url());
      });
      await page.goto(url);
      return page;
    }

    async function drop(page: Page, name: string, text: string): Promise<void> {
      const dataTransfer = await page.evaluateHandle(
        ([file, content]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([content!], file!));
          return transfer;
        },
        [name, text],
      );
      await page.dispatchEvent("body", "drop", { dataTransfer });
      await page.getByRole("heading", { name, exact: true }).waitFor();
    }

    async function openAll(page: Page): Promise<void> {
      await page.evaluate(() => {
        for (const details of document.querySelectorAll("details")) details.open = true;
      });
      await page.waitForFunction(() =>
        [...document.querySelectorAll(".extras")].every((one) => one.childElementCount > 0),
      );
    }

    it("has a row and a section for every certificate, and reads without its script", async () => {
      const page = await opened({ script: false });
      for (const name of names) {
        expect(await page.locator(".results").getByRole("link", { name, exact: true }).count()).toBeGreaterThan(0);
      }
      expect(await page.locator("details.instance").count()).toBe(names.length);
      expect(await page.locator("#instance-fc-relu .statements li").count()).toBe(
        JSON.parse(certificate("fc-relu")).statements.length,
      );
    });

    it("shows pictures, formulas, plots and links of every instance", async () => {
      const page = await opened();
      await openAll(page);
      const shown = await page.evaluate(() =>
        [...document.querySelectorAll("details.instance")].map((section) => {
          const count = (selector: string) => section.querySelectorAll(selector).length;
          return {
            formulas: count(".katex"),
            failed: count(".katex-error"),
            figures: count("figure svg[role=img][aria-label]"),
            descents: count("figure.descent"),
            balls: count("figure.neighbours"),
            flows: count("figure.flow"),
            links: [...section.querySelectorAll(".actions a")].map((link) => link.getAttribute("href")!),
          };
        }),
      );
      expect(shown).toHaveLength(names.length);
      for (const { formulas, failed, figures, flows, links } of shown) {
        expect(formulas).toBeGreaterThan(10);
        expect(failed).toBe(0);
        expect(figures).toBeGreaterThan(1);
        expect(flows).toBe(2);
        expect(links).toHaveLength(4);
        for (const link of links) expect(statSync(join(folder, decodeURI(link))).size).toBeGreaterThan(100);
      }
      const total = (key: "descents" | "balls") => shown.reduce((sum, one) => sum + one[key], 0);
      const said = names.map((name) => certificate(name));
      const whole = (kind: string) => said.filter((text) => new RegExp(`"kind": "${kind}"`).test(text)).length;
      expect(total("descents")).toBe(whole("not-local"));
      expect(total("balls")).toBeGreaterThan(1);
    });

    it("draws the tree of signs on which a statement rests", async () => {
      const page = await opened();
      await page.locator("#instance-fc-relu summary", { hasText: "trees of signs" }).click();
      const trees = page.locator("#instance-fc-relu figure.tree");
      await trees.first().waitFor();
      expect(await trees.locator("svg").first().getAttribute("aria-label")).toMatch(
        /^The tree of signs for a global optimum of the problem of layer 1.*: 4 cells/,
      );
    });

    it("shows title and claim as text", async () => {
      const page = await opened();
      const own = JSON.parse(certificate("fc-relu"));
      own.problem.title = "A <b>title</b> of $\\theta$";
      own.problem.claim = "<img src=x onerror=alert(1)> & so on";
      await drop(page, "own.json", JSON.stringify(own));
      expect(await page.locator("#dropped .title").textContent()).toBe(own.problem.title);
      expect(await page.locator("#dropped .authors").textContent()).toBe(`The author’s claim: ${own.problem.claim}`);
      expect(await page.locator("#dropped b, #dropped img").count()).toBe(0);
    });

    it("opens the instance that an address names", async () => {
      const page = await opened({ url: `file://${folder}/index.html#instance-convolutional-relu` });
      await page.locator("#instance-convolutional-relu figure.descent").waitFor();
    });

    it("moves the picture and the readings with t", async () => {
      const page = await opened();
      const section = page.locator("#instance-fc-relu");
      const picture = section.locator("figure.picture svg");
      const before = await picture.getAttribute("aria-label");
      await section.getByRole("slider").focus();
      await page.keyboard.press("End");
      expect(await section.locator("output").textContent()).toContain("change of ‖θ‖² = −0.5547");
      expect(await picture.getAttribute("aria-label")).not.toBe(before);
    });

    it("verifies every committed certificate by itself", async () => {
      const page = await opened();
      await page.getByRole("button", { name: "Verify all in this browser" }).click();
      const outcome = page.locator("#verify-all-outcome");
      await outcome.filter({ hasText: "accepts" }).waitFor();
      expect(await outcome.textContent()).toContain(`accepts ${names.length} of ${names.length} certificates`);
      expect(new Set(await page.locator("[data-kernel]").allTextContents())).toEqual(new Set(["accepted"]));
    });

    it("verifies one instance on demand, statement by statement", async () => {
      const page = await opened();
      const section = page.locator("#instance-fc-relu");
      await section.getByRole("button", { name: "Verify in this browser" }).click();
      expect(await section.locator("li.accepted").count()).toBe(JSON.parse(certificate("fc-relu")).statements.length);
      expect(await section.locator("[role=status]").textContent()).toMatch(
        /sha256 [0-9a-f]{16}: all \d+ statements accepted/,
      );
    });

    it("rejects a tampered certificate that is dropped, and says why", async () => {
      const page = await opened();
      await drop(page, "tampered.json", TAMPERED);
      const rejected = page.locator("#dropped li.rejected");
      expect(await rejected.allTextContents()).toEqual([
        expect.stringMatching(/^rejected by kkt\.stationarity: statements\[1\]/),
      ]);
      expect(await page.locator("#dropped figure").count()).toBe(0);
    });

    it("says of a file that is no certificate what is wrong with it", async () => {
      const page = await opened();
      await drop(page, "notes.txt", "nonsense");
      expect(await page.locator("#dropped li.rejected").textContent()).toContain("not JSON");
    });

    it("takes a file from the chooser", async () => {
      const page = await opened();
      await page.locator("#chooser").setInputFiles(join(CERTIFICATES, "relu-nonzero-inputs.json"));
      await page.locator("#dropped li.accepted").first().waitFor();
      expect(await page.locator("#dropped li.rejected").count()).toBe(0);
    });

    it("accepts certificates of every kind from disk, and writes their proofs", async () => {
      const page = await opened();
      for (const file of readdirSync(ACCEPTED)) {
        await drop(page, file, readFileSync(join(ACCEPTED, file), "utf8"));
        expect(await page.locator("#dropped li.rejected").count(), file).toBe(0);
        expect(await page.locator("#dropped .claim").count(), file).toBeGreaterThan(0);
        expect(await page.locator(".katex-error").count(), file).toBe(0);
      }
    });

    it("shows an enclosed point as one, with its picture from decimals", async () => {
      const page = await opened({ width: 360 });
      for (const file of readdirSync(ENCLOSED)) {
        await drop(page, file, readFileSync(join(ENCLOSED, file), "utf8"));
        expect(await page.locator("#dropped li.rejected").count(), file).toBe(0);
        const said = await page.locator("#dropped li.accepted").allTextContents();
        for (const one of said) expect(one).toContain("The point, the only zero of its system in its box, is");
        expect(await page.locator("#dropped .claim").count(), file).toBeGreaterThan(1);
        expect(await page.locator(".katex-error").count(), file).toBe(0);
        for (const caption of await page.locator("#dropped figure.picture figcaption").allTextContents())
          expect(caption).toContain("Drawn from decimals of the enclosed point.");
        expect(await page.evaluate(() => document.documentElement.scrollWidth), file).toBeLessThanOrEqual(360);
      }
      await drop(page, "xor.json", readFileSync(join(ENCLOSED, "xor.json"), "utf8"));
      expect(await page.locator("#dropped figure.picture svg").getAttribute("aria-label")).toMatch(/units? \d/);
    });

    it("is reached by keyboard everywhere, and every control has a name", async () => {
      const page = await opened();
      const wanted = await page.evaluate(() => {
        const controls = [
          ...document.querySelectorAll<HTMLElement>("a[href], button, input, summary, [tabindex='0']"),
        ].filter((one) => one.checkVisibility());
        for (const [k, one] of controls.entries()) one.dataset.stop = `${k}`;
        return controls.length;
      });
      const reached = new Set<string>();
      for (let k = 0; k < wanted; k++) {
        await page.keyboard.press("Tab");
        const stop = await page.evaluate(() => (document.activeElement as HTMLElement).dataset.stop ?? "none");
        reached.add(stop);
      }
      expect(reached.size).toBe(wanted);
      expect(reached).not.toContain("none");
      const nameless = await page.evaluate(() =>
        [...document.querySelectorAll<HTMLElement>("[data-stop]")]
          .filter((one) => {
            const labels = one instanceof HTMLInputElement ? [...(one.labels ?? [])].map((l) => l.textContent) : [];
            return [one.textContent, one.ariaLabel, ...labels].every((text) => (text ?? "").trim() === "");
          })
          .map((one) => one.outerHTML),
      );
      expect(nameless).toEqual([]);
    });

    it("fits a phone: nothing is wider than 360 px, with everything open and verified", async () => {
      const page = await opened({ width: 360 });
      await openAll(page);
      await page.getByRole("button", { name: "Verify all in this browser" }).click();
      await drop(page, "tampered.json", TAMPERED);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    });

    it.each(["light", "dark"] as const)("has the contrast of WCAG AA, %s", async (scheme) => {
      const page = await opened({ scheme });
      const colours = await page.evaluate(() => {
        const probe = document.body.appendChild(document.createElement("i"));
        const channels = (name: string) => {
          probe.style.color = `var(--${name})`;
          return getComputedStyle(probe).color.match(/\d+/g)!.map(Number);
        };
        const all = [
          "paper",
          "raised",
          "ink",
          "soft",
          "accent",
          "yes",
          "no",
          "open",
          "first",
          "second",
          "third",
          "fourth",
        ];
        return Object.fromEntries(all.map((name) => [name, channels(name)]));
      });
      const luminance = (name: string) =>
        colours[name]!.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4)).reduce(
          (sum, c, k) => sum + c * [0.2126, 0.7152, 0.0722][k]!,
          0,
        );
      for (const ground of ["paper", "raised"]) {
        for (const name of Object.keys(colours).filter((one) => one !== "paper" && one !== "raised")) {
          const [light, dark] = [luminance(ground), luminance(name)].sort((a, b) => b - a) as [number, number];
          expect((light + 0.05) / (dark + 0.05), `${name} on ${ground}`).toBeGreaterThan(4.5);
        }
      }
    });

    it("works from a web server below any path", async () => {
      const server = createServer((request, response) => {
        const file = join(folder, request.url!.replace(/^\/some\/where\//, "").replace(/^$/, "index.html"));
        response.setHeader(
          "Content-Type",
          { html: "text/html", css: "text/css", js: "text/javascript" }[file.split(".").at(-1)!] ?? "",
        );
        response.end(readFileSync(file));
      });
      await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
      const page = await opened({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/some/where/` });
      await page.locator("#instance-fc-relu figure.descent").waitFor();
      server.close();
      server.closeAllConnections();
    });

    it("stays below 3 MB", () => {
      const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
      const bytes = files.reduce((sum, one) => sum + statSync(join(one.parentPath, one.name)).size, 0);
      expect(bytes).toBeLessThan(3_000_000);
    });
  },
);
