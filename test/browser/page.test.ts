/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { WORDS } from "../hostile.js";
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

    it("shows the phase diagram of a family, and moves its picture", async () => {
      const own = mkdtempSync(join(tmpdir(), "margincert-families-"));
      const report = spawnSync(process.execPath, [
        MAIN,
        "report",
        "--certificates",
        join(CERTIFICATES, "families"),
        "--out",
        own,
      ]);
      expect(report.stderr.toString()).toBe("");
      const page = await opened({ url: `file://${own}/index.html` });
      const family = page.locator("details.family", { hasText: "relu-angle-family" });
      await family.locator("summary").click();
      await family.getByText("local, not global for 1 < t < sqrt(3), global for sqrt(3) <= t < 3").waitFor();
      expect(await family.getByText("accepted 5 certificates").count()).toBe(1);
      expect(await family.getByRole("img").count()).toBe(2);
      const said = family.locator("output");
      const drawn = () => family.locator("figure").nth(1).innerHTML();
      const before = await drawn();
      await family.locator("input[type=range]").fill("500");
      expect(await said.innerText()).toMatch(/^t = 1\.5: local, not global; θ = /);
      expect(await drawn()).not.toBe(before);
      await family.getByRole("link", { name: "t = sqrt(3)" }).click();
      expect(await page.locator("[id='instance-relu-angle-family.4']").getAttribute("open")).not.toBeNull();
      rmSync(own, { recursive: true });
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

    it("runs nothing that stands in a title or a claim, and keeps it in its place", async () => {
      const hostile = join(folder, "hostile");
      mkdirSync(join(hostile, "certificates"), { recursive: true });
      for (const [k, words] of WORDS.entries()) {
        const own = JSON.parse(certificate("fc-relu"));
        Object.assign(own.problem, { name: `w${k}`, title: words, claim: words });
        writeFileSync(join(hostile, "certificates", `w${k}.json`), JSON.stringify(own));
      }
      const options = [
        "report",
        "--certificates",
        join(hostile, "certificates"),
        "--out",
        hostile,
        "--title",
        WORDS[1]!,
      ];
      expect(spawnSync(process.execPath, [MAIN, ...options]).status).toBe(0);
      const page = await opened({ url: `file://${hostile}/index.html` });
      await openAll(page);
      await page.getByRole("button", { name: "Verify all in this browser" }).click();
      await page.locator("#verify-all-outcome", { hasText: "is what this page had said" }).waitFor();
      for (const [k, words] of WORDS.entries())
        expect(await page.locator(`#instance-w${k} .title`).textContent()).toBe(words);
      expect(await page.evaluate(() => "pwned" in globalThis)).toBe(false);
      const links = await page.evaluate(() => [...document.querySelectorAll("a")].map((a) => a.getAttribute("href")!));
      for (const link of links)
        expect(link).toMatch(/^(?:#|certificates\/|proofs\/|coq\/|https:\/\/arxiv\.org\/abs\/2110\.02732$)/);
      expect(await page.locator("img, iframe, object, embed, base, form, main h1, main script").count()).toBe(0);
      expect(await page.locator("h1").textContent()).toBe(WORDS[1]);
      rmSync(hostile, { recursive: true });
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
      expect(new Set(await page.locator("td.kernel").allTextContents())).toEqual(new Set(["accepted"]));
      expect(await outcome.textContent()).toContain("is what this page had said");
      expect(await page.locator(".differs, .was, .withdrawn").count()).toBe(0);
    });

    describe("changed by hand", () => {
      const row = "#results tr:has(a[href='#instance-fc-relu'])";
      const section = "#instance-fc-relu";
      /** Runs a change in the page, has all verified, and returns what is red. */
      async function changed(page: Page, change: () => void): Promise<string[]> {
        await page.evaluate(change);
        await page.getByRole("button", { name: "Verify all in this browser" }).click();
        await page.locator("#verify-all-outcome", { hasText: "accepts" }).waitFor();
        return page.locator(".was, .withdrawn").allTextContents();
      }

      it("a verdict in the table", async () => {
        const page = await opened();
        const red = await changed(page, () => {
          document.querySelector("#results tr:has(a[href='#instance-fc-relu']) [data-label=Local] span")!.textContent =
            "yes";
        });
        expect(red).toEqual([" this page said: “yes”"]);
        const cell = page.locator(`${row} [data-label=Local]`);
        expect(await cell.locator("span").first().textContent()).toBe("no");
        expect(await page.locator("#verify-all-outcome").textContent()).toContain(
          "In 1 place this page said something",
        );
        // It stays red when all is verified again.
        expect(await changed(page, () => {})).toEqual(red);
      });

      it.each([
        ["the standing of a claim", () => (document.querySelector(".of-claim-holds b")!.textContent = "does not hold")],
        ["a claim", () => (document.querySelector("td.of-claim")!.textContent = "all of it")],
        ["where a name leads", () => document.querySelector("#results th a")!.setAttribute("href", "#instance-other")],
        [
          "a row that nobody certified",
          () => document.querySelector("tbody")!.append(document.createElement("tr"), "x"),
        ],
        [
          "a verdict in a section",
          () => (document.querySelector("summary [data-said=verdict]")!.textContent = "local"),
        ],
        ["a statement", () => (document.querySelector("ul.statements li")!.textContent = "The point is not feasible.")],
        ["what is not claimed", () => (document.querySelector(".unclaimed")!.textContent = "Not claimed: nothing.")],
        ["a title", () => document.querySelector(".words")!.append("A theorem")],
      ])("%s", async (_, change) => {
        const red = await changed(await opened(), change as () => void);
        expect(red).toHaveLength(1);
      });

      it("a section without a certificate", async () => {
        const page = await opened();
        await changed(page, () => {
          const copy = document.querySelector("details.instance")!.cloneNode(true) as HTMLElement;
          copy.id = "instance-another";
          document.querySelector("main")!.append(copy);
        });
        expect(await page.locator("#instance-another").textContent()).toBe("No certificate is behind this section.");
      });

      it("a certificate", async () => {
        const html = readFileSync(join(folder, "index.html"), "utf8");
        const own = join(folder, "changed.html");
        writeFileSync(own, html.replace(/(\\"multiplier\\": \\")2/, "$13"));
        const page = await opened({ url: `file://${own}` });
        await changed(page, () => {});
        const rejected = page.locator("#results tr", { hasText: "rejected by the kernel" });
        expect(await rejected.count()).toBe(1);
        expect(await page.locator("#verify-all-outcome").textContent()).toContain(`accepts ${names.length - 1} of`);
        rmSync(own);
      });

      it("one section, verified by itself", async () => {
        const page = await opened();
        await page.evaluate(() => {
          document.querySelector("#instance-fc-relu [data-said=verdict]")!.textContent = "global optimum";
        });
        await page.locator(section).getByRole("button", { name: "Verify in this browser" }).click();
        expect(await page.locator(`${section} .was`).allTextContents()).toEqual([" this page said: “global optimum”"]);
      });
    });

    it("says of every claim whether it holds, and a confirmed “not local” is no failure", async () => {
      const page = await opened({ script: false });
      const cells = await page.locator("td.of-claim-holds").allTextContents();
      expect(new Set(cells)).toEqual(new Set(["holds"]));
      const colour = (selector: string) =>
        page
          .locator(selector)
          .first()
          .evaluate((one) => getComputedStyle(one).color);
      expect(await colour(".results .no")).toBe(await colour(".results .yes"));
    });

    it("says what a certificate does not claim, of a file as well", async () => {
      const page = await opened();
      const own = JSON.parse(certificate("fc-relu"));
      own.statements = own.statements.filter(({ kind }: { kind: string }) => ["feasible", "kkt"].includes(kind));
      await drop(page, "fewer.json", JSON.stringify(own));
      expect(await page.locator("#dropped .unclaimed").textContent()).toContain("global optimum: no statement");
      const below = await page.locator("#results .unclaimed").textContent();
      expect(below).toBe("Every question about these points has a statement that answers it.");
      const cell = page.locator("#results tr:has(a[href='#instance-fc-linear-depth2']) [data-label=Local]").first();
      expect(await cell.textContent()).toBe("yes, not strict");
    });

    it("filters and sorts the table", async () => {
      const page = await opened();
      const shown = async () =>
        (await page.locator("#results tbody tr:visible th").allTextContents()).map((name) => name.trim());
      const all = await shown();
      await page.getByLabel("Filter").fill("local strict");
      expect(new Set(await shown())).toEqual(new Set(["diagonal-depth2-nonzero", "relu-nonzero-inputs"]));
      await page.getByLabel("Filter").fill("");
      await page.getByLabel("Sort by").selectOption("Instance");
      expect(await shown()).toEqual([...all].sort());
      await page.getByLabel("Sort by").selectOption({ index: 0 });
      expect(await shown()).toEqual(all);
      expect(await page.getByLabel("Show").locator("option").allTextContents()).toEqual(["all", "holds"]);
    });

    it("tells who does not trust it what to do, and the command prints the hash that it names", async () => {
      const page = await opened({ script: false });
      const box = page.locator("#distrust");
      const commands = await box.locator("pre").allTextContents();
      expect(commands).toHaveLength(3);
      const root = new URL("../../", import.meta.url).pathname;
      const { stdout } = spawnSync("sh", ["-c", commands[2]!], { cwd: root, encoding: "utf8" });
      expect(stdout.split(" ")[0]).toBe(await box.locator(".hash").textContent());
      expect(await box.textContent()).toContain(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version);
      expect(readFileSync(join(folder, "page.js"), "utf8")).toBe(readFileSync(join(root, "dist/page/page.js"), "utf8"));
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
        // A layer's optimum says nothing of points anywhere.
        const captions = await page.locator("#dropped figcaption").allTextContents();
        expect(
          captions.some((one) => one.includes("no feasible point anywhere")),
          file,
        ).toBe(said.some((one) => / is a (strict )?global optimum of the whole problem/.test(one)));
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
          ...document.querySelectorAll<HTMLElement>("a[href], button, input, select, summary, [tabindex='0']"),
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
            const labels = "labels" in one ? [...(one.labels as NodeListOf<Element>)].map((l) => l.textContent) : [];
            return [one.textContent, one.ariaLabel, ...labels].every((text) => (text ?? "").trim() === "");
          })
          .map((one) => one.outerHTML),
      );
      expect(nameless).toEqual([]);
    });

    it.each([360, 760, 1280])(
      "fits a screen of %i px: nothing is wider, with everything open and verified",
      async (width) => {
        const page = await opened({ width });
        await openAll(page);
        await page.getByRole("button", { name: "Verify all in this browser" }).click();
        await drop(page, "tampered.json", TAMPERED);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      },
    );

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
