/** The reviewer's page in a real browser, opened from disk. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumCommand, withChromium } from "./chromium.js";

const ROOT = new URL("../../", import.meta.url).pathname;
const CERTIFICATES = join(ROOT, "certificates");
const names = readdirSync(CERTIFICATES).flatMap((file) => /^([^.]+)\.json$/.exec(file)?.[1] ?? []);

describe.skipIf(chromiumCommand === null)(`the page${withChromium}`, () => {
  let browser: Browser;
  const folder = mkdtempSync(join(tmpdir(), "margincert-page-"));
  const index = pathToFileURL(join(folder, "index.html")).href;

  beforeAll(async () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(ROOT, "dist/cli/main.js"), "report", "--certificates", CERTIFICATES, "--out", folder],
      { encoding: "utf8" },
    );
    expect(status, stderr).toBe(0);
    browser = await chromium.launch({ executablePath: chromiumCommand!, args: ["--no-sandbox"] });
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  /** Runs on a fresh page, which must say nothing on the console and load nothing from elsewhere. */
  async function onPage(work: (page: Page) => Promise<void>, options: { width?: number; dark?: boolean } = {}) {
    const page = await browser.newPage({
      viewport: { width: options.width ?? 1280, height: 900 },
      colorScheme: options.dark === true ? "dark" : "light",
    });
    const said: string[] = [];
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(error.message));
    page.on("request", (request) => {
      if (!/^(file|data):/.test(request.url())) said.push(`request of ${request.url()}`);
    });
    await page.goto(index);
    await work(page);
    await page.close();
    expect(said).toEqual([]);
  }

  const tampered = (): string => {
    const certificate = JSON.parse(readFileSync(join(CERTIFICATES, "fc-relu.json"), "utf8"));
    certificate.statements.find((s: { kind: string }) => s.kind === "kkt").terms[0].multiplier = "3";
    return JSON.stringify(certificate);
  };

  /** Drops a file onto the page. */
  async function drop(page: Page, name: string, text: string): Promise<void> {
    const transfer = await page.evaluateHandle(
      ({ name, text }) => {
        const data = new DataTransfer();
        data.items.add(new File([text], name, { type: "application/json" }));
        return data;
      },
      { name, text },
    );
    await page.dispatchEvent("body", "dragover", { dataTransfer: transfer });
    await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
  }

  it("is small, and shows every instance with its verdict before any script runs", async () => {
    const size = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((file) => statSync(join(folder, file)))
      .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
    expect(size).toBeLessThan(3e6);
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(index);
    for (const name of names)
      expect(await page.locator(`.results a[href="#instance-${name}"]`).count()).toBeGreaterThan(0);
    expect(await page.locator(".results").innerText()).not.toContain("undecided");
    await context.close();
  });

  it("verifies every committed certificate when asked", () =>
    onPage(async (page) => {
      await page.click("#verify-all");
      const outcome = await page.locator("#verify-all-outcome").innerText();
      expect(outcome).toContain(`accepts ${names.length} of ${names.length} certificates`);
      for (const cell of await page.locator("[data-kernel]").all()) expect(await cell.innerText()).toBe("accepted");
    }));

  it.each(names)("opens %s with its proof, and verifies it", (name) =>
    onPage(async (page) => {
      const details = page.locator(`details[id="instance-${name}"]`);
      if ((await details.getAttribute("open")) === null) await details.locator("> summary").click();
      await details.locator(".prose .claim").first().waitFor();
      expect(await details.locator(".katex-error").count()).toBe(0);
      expect(await details.locator("svg[aria-label]").count()).toBeGreaterThan(0);
      await details.getByRole("button", { name: "Verify in this browser" }).click();
      expect(await details.locator(".summary").innerText()).toMatch(/all \d+ statements accepted/);
      expect(await details.locator("li.rejected").count()).toBe(0);
      for (const link of await details.locator(".actions a").all()) {
        const href = await link.getAttribute("href");
        expect(statSync(join(folder, decodeURI(href!))).size).toBeGreaterThan(0);
      }
    }),
  );

  it("moves the picture along the descent", () =>
    onPage(async (page) => {
      const details = page.locator('details[id="instance-fc-relu"]');
      const picture = details.locator("figure.picture svg");
      const reading = () => details.locator("figure.descent output").innerText();
      await details.locator("input[type=range]").focus();
      const before = { picture: await picture.getAttribute("aria-label"), reading: await reading() };
      for (let k = 0; k < 20; k++) await page.keyboard.press("ArrowRight");
      expect(await picture.getAttribute("aria-label")).not.toBe(before.picture);
      expect(await reading()).not.toBe(before.reading);
    }));

  it("accepts a certificate from disk", () =>
    onPage(async (page) => {
      await page.setInputFiles("#chooser", join(CERTIFICATES, "diagonal-deep-linear.json"));
      await page.locator("#dropped .summary").waitFor();
      expect(await page.locator("#dropped .summary").innerText()).toMatch(/Problem diagonal-deep-linear, .*accepted/);
      expect(await page.locator("#dropped .claim").count()).toBeGreaterThan(0);
    }));

  it("rejects a tampered certificate that is dropped, and says by which clause", () =>
    onPage(async (page) => {
      await drop(page, "tampered.json", tampered());
      await page.locator("#dropped li.rejected").waitFor();
      expect(await page.locator("#dropped li.rejected").innerText()).toContain("kkt.stationarity");
      expect(await page.locator("#dropped .claim").count()).toBe(0);
    }));

  it("says what is wrong with a file that is no certificate", () =>
    onPage(async (page) => {
      for (const text of ["nonsense", "{}", "[]", ""]) {
        await drop(page, "other.json", text);
        await page.locator("#dropped li.rejected").waitFor();
        expect(await page.locator("#dropped").innerText()).toContain("format");
      }
    }));

  it.each([
    { width: 360, dark: false },
    { width: 360, dark: true },
    { width: 800, dark: false },
  ])("fits $width pixels, dark: $dark", (options) =>
    onPage(async (page) => {
      await page.evaluate(() => {
        for (const details of document.querySelectorAll("details")) details.open = true;
      });
      await page
        .locator(".instance .prose")
        .nth(names.length - 1)
        .waitFor();
      await page.click("#verify-all");
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(options.width);
    }, options),
  );

  it("can be read by keyboard and by name", () =>
    onPage(async (page) => {
      const unnamed = await page.evaluate(() =>
        [...document.querySelectorAll("button, a, input, summary, svg")].flatMap((one) => {
          const hidden = one.closest("[aria-hidden=true]") !== null || one.parentElement?.closest("svg") != null;
          const labels = one instanceof HTMLInputElement ? [...(one.labels ?? [])].map((l) => l.textContent) : [];
          const name = [one.getAttribute("aria-label"), one.textContent, ...labels].join("").trim();
          return hidden || name !== "" ? [] : [one.outerHTML.slice(0, 100)];
        }),
      );
      expect(unnamed).toEqual([]);
      const reached = new Set<string>();
      for (let k = 0; k < 200; k++) {
        await page.keyboard.press("Tab");
        reached.add(await page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent || ""));
      }
      for (const one of ["verify-all", "Verify in this browser", "t-fc-relu", "chooser"])
        expect([...reached]).toContain(one);
    }));

  it.each([false, true])("has contrast enough for small text, dark: %s", (dark) =>
    onPage(
      async (page) => {
        const poor = await page.evaluate(() => {
          const numbers = (colour: string) => (colour.match(/[\d.]+/g) ?? []).map(Number);
          const luminance = (colour: string) => {
            const [r, g, b] = numbers(colour).map((c) =>
              c / 255 <= 0.04045 ? c / 3294.6 : ((c / 255 + 0.055) / 1.055) ** 2.4,
            );
            return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
          };
          const background = (one: Element | null): string => {
            if (one === null) return "rgb(255, 255, 255)";
            const colour = getComputedStyle(one).backgroundColor;
            return numbers(colour)[3] === 0 ? background(one.parentElement) : colour;
          };
          const found = new Set<string>();
          for (const one of document.querySelectorAll(
            "p, a, li, th, td, td span, button, figcaption, h1, h2, h3, summary",
          )) {
            const [a, b] = [luminance(getComputedStyle(one).color), luminance(background(one))];
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (ratio < 4.5) found.add(`${one.tagName} ${one.className}: ${ratio.toFixed(2)}`);
          }
          return [...found];
        });
        expect(poor).toEqual([]);
      },
      { dark },
    ),
  );

  it("says what is accepted in a folder with one bad certificate, and leaves that one out", () => {
    const mixed = mkdtempSync(join(tmpdir(), "margincert-mixed-"));
    writeFileSync(join(mixed, "good.json"), readFileSync(join(CERTIFICATES, "fc-relu.json"), "utf8"));
    writeFileSync(join(mixed, "bad.json"), tampered());
    const { status, stderr, stdout } = spawnSync(
      process.execPath,
      [join(ROOT, "dist/cli/main.js"), "report", "--certificates", mixed, "--out", join(mixed, "out")],
      { encoding: "utf8" },
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/bad\.json: .*kkt\.stationarity/);
    expect(stdout).toContain("1 certificate");
    rmSync(mixed, { recursive: true });
  });
});
