// The status page in a real browser, served by the real handler behind the sandbox's Functions host.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";

import { browsing, require } from "./browser.mjs";
import { end, host, PICTURES, sandbox } from "./programs.mjs";

const axe = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");

const LOOKS = [
  { name: "light", colorScheme: "light", viewport: { width: 1200, height: 900 } },
  { name: "dark", colorScheme: "dark", viewport: { width: 1200, height: 900 } },
  { name: "phone", colorScheme: "light", viewport: { width: 400, height: 800 } },
  { name: "dark phone", colorScheme: "dark", viewport: { width: 400, height: 800 } },
];

let clouds, app, key;

async function call(method, place, body) {
  const headers = { "x-functions-key": key, "content-type": "application/json" };
  return fetch(`${app.told.url}/api/${place}`, { method, headers, body: body && JSON.stringify(body) });
}

function integration() {
  const secret = (name) => `${clouds.told.keyVault}/secrets/${name}`;
  return { properties: { amazonApiGatewaySource: {
    accessKey: secret("aws-access-key"), secretAccessKey: secret("aws-secret-access-key"), regionName: clouds.told.region } } };
}

/** One account in two regions. */
function regions() {
  const { regionName, ...keys } = integration().properties.amazonApiGatewaySource;
  return { properties: { amazonApiGatewaySources: [{ name: "own", regionNames: [regionName, "eu-west-1"], ...keys }] } };
}

before(async () => {
  clouds = await sandbox("clouds", "--stand-ins");
  app = await host("host", clouds.told);
  key = app.told.functionKey;
  for (const name of ["shop", "held-one", "broken"]) {
    assert.equal((await call("PUT", `integrations/${name}`, integration())).status, 201);
  }
  await call("POST", "integrations/shop/sync");
  const fault = async (fault) => {
    const headers = { "content-type": "application/json" };
    await fetch(`${clouds.told.control}/faults`, { method: "POST", headers, body: JSON.stringify(fault) });
  };
  await fault({ service: "apiGateway", region: "eu-west-1", fault: { answer: { status: 403, headers: { "x-amzn-errortype": "AccessDeniedException" }, body: { message: "no <b>way</b>" } } } });
  assert.equal((await call("PUT", "integrations/regions", regions())).status, 201);
  await fetch(`${clouds.told.control}/faults`, { method: "DELETE" });
  await fault({ service: "apiCenter", target: "/apis/half-[a-d]", writesOnly: true, fault: { answer: { status: 400, body: { error: { code: "ValidationError", message: "no <b>way</b>" } } } } });
  assert.equal((await call("PUT", "integrations/half", integration())).status, 201);
  await fetch(`${clouds.told.control}/faults`, { method: "DELETE" });
  await fault({ service: "apiGateway", target: "^/restapis\\?", times: 1, fault: { answer: { status: 200, body: { _embedded: {}, item: [] } } } });
  const held = await (await call("POST", "integrations/held-one/sync")).json();
  assert.equal(held.outcome, "held", JSON.stringify(held));
  await fault({ service: "apiGateway", target: "^/(restapis|v2/apis)\\?", fault: { answer: { status: 403, body: { message: "no <b>way</b>" } } } });
  assert.ok((await call("POST", "integrations/broken/sync")).status >= 400);
  await fetch(`${clouds.told.control}/faults`, { method: "DELETE" });
});

after(async () => {
  if (app) await end(app.program);
  if (clouds) await end(clouds.program);
});

const PAGES = () => ({
  overview: "/api/integrations",
  found: "/api/integrations?search=shop&state=succeeded",
  integration: "/api/integrations/shop",
  gateways: "/api/integrations/regions",
  elsewhere: "/api/integrations/regions?region=eu-west-1",
  held: "/api/integrations/held-one",
  broken: "/api/integrations/broken",
  half: "/api/integrations/half?kind=REST",
  plan: "/api/integrations/half/plan",
  "plan of nothing": "/api/integrations/shop/plan",
  explain: "/api/integrations/half/explain?api=Orders",
  "explain nothing": "/api/integrations/shop/explain?api=nowhere",
  missing: "/api/integrations/nowhere",
});

/** Opens one of our pages as a person would: with the key in the query. */
async function open(page, place) {
  const url = new URL(place, app.told.url);
  url.searchParams.set("code", key);
  return page.goto(url.href);
}

/** What axe-core finds wrong, in words. It runs beside the page's policy, which forbids scripts. */
async function violations(page) {
  const client = await page.context().newCDPSession(page);
  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await client.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    assert.equal(exceptionDetails, undefined, JSON.stringify(exceptionDetails));
    return result.value;
  };
  await evaluate(`${axe}; undefined`);
  const found = await evaluate("axe.run(document, { resultTypes: ['violations'] })");
  assert.ok(found.passes.length > 5, "axe-core has looked at hardly anything");
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`));
}

for (const look of LOOKS) {
  test(`nothing is in the way of anybody: ${look.name}`, async () => {
    await browsing(look, async (page, seen) => {
      for (const [name, place] of Object.entries(PAGES())) {
        const answer = await open(page, place);
        assert.equal(answer.status(), name === "missing" ? 404 : 200, name);
        assert.match(answer.headers()["content-type"], /^text\/html/);
        await page.screenshot({ path: path.join(PICTURES, `${name} ${look.name}.png`), fullPage: true, caret: "initial" });
        assert.deepEqual(await violations(page), [], `${name}, ${look.name}`);
        await page.evaluate(() => document.querySelectorAll("details").forEach((element) => { element.open = true; }));
        assert.deepEqual(await violations(page), [], `${name}, ${look.name}, opened`);
        const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
        assert.ok(wide <= room, `${name}, ${look.name}: ${wide} wide in ${room}`);
      }
      assert.deepEqual(seen.complaints, []);
    });
  });
}

test("what is bad is found: a page without names, labels and contrast", async () => {
  await browsing(LOOKS[0], async (page) => {
    await open(page, "/api/integrations");
    await page.evaluate(() => {
      document.documentElement.removeAttribute("lang");
      document.querySelectorAll("label").forEach((label) => label.remove());
      document.querySelector("svg").removeAttribute("aria-label");
      document.querySelector("h1").style.color = "#eee";
    });
    const found = (await violations(page)).map((text) => text.split(":")[0]);
    for (const rule of ["html-has-lang", "label", "select-name", "svg-img-alt", "color-contrast"]) {
      assert.ok(found.includes(rule), `${rule} is not among ${found}`);
    }
  });
});

test("the keyboard reaches every link and field, and shows where it is", async () => {
  await browsing(LOOKS[0], async (page) => {
    for (const place of Object.values(PAGES())) {
      await open(page, place);
      const wanted = await page.evaluate(() => {
        const all = [...document.querySelectorAll("a[href], input:not([type=hidden]), select, button, summary, .scroll")]
          .filter((element) => element.checkVisibility());
        all.forEach((element, number) => { element.dataset.number = number; });
        return all.length;
      });
      const reached = new Set();
      for (let step = 0; step < wanted + 3 && reached.size < wanted; step += 1) {
        await page.keyboard.press("Tab");
        const at = await page.evaluate(() => {
          const element = document.activeElement;
          const { outlineStyle, outlineWidth } = getComputedStyle(element);
          const { width, height, right } = element.getBoundingClientRect();
          return { number: element.dataset.number, outlineStyle, outlineWidth, inSight: width > 0 && height > 0 && right > 0 };
        });
        if (at.number === undefined) continue;
        assert.deepEqual([at.outlineStyle, at.outlineWidth, at.inSight], ["solid", "3px", true], `${place}: ${JSON.stringify(at)}`);
        reached.add(at.number);
      }
      assert.equal(reached.size, wanted, place);
    }
    await open(page, "/api/integrations");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "content", "the first link skips to the content");
  });
});

test("search, filter and links work, and keep the key", async () => {
  await browsing(LOOKS[2], async (page) => {
    await open(page, "/api/integrations");
    assert.equal(await page.locator("tbody tr").count(), 5);
    await page.getByRole("searchbox", { name: "Search" }).fill("SHOP");
    await page.keyboard.press("Enter");
    await page.waitForURL(/search=SHOP/);
    assert.equal(await page.locator("tbody tr").count(), 1);
    await page.getByRole("link", { name: "Show all" }).click();
    await page.getByLabel("State", { exact: true }).selectOption("held");
    await page.getByRole("button", { name: "Show" }).click();
    await page.waitForURL(/state=held/);
    await page.locator("tbody").getByText("What to do").click();
    assert.match(await page.locator("tbody").innerText(), /sync\?confirmDeletions=[0-9a-f]+/);
    await page.locator("tbody").getByRole("link", { name: "held-one" }).click();
    await page.waitForURL(/held-one/);
    assert.equal(await page.locator("h1").innerText(), "held-one");
    await page.getByRole("searchbox", { name: "Search" }).fill("orders");
    await page.getByRole("button", { name: "Show" }).click();
    await page.waitForURL(/search=orders/);
    assert.match(await page.getByRole("region", { name: "Table of APIs" }).innerText(), /^1 of \d+ APIs/);
    assert.equal(new URL(page.url()).searchParams.get("code"), key);
    await page.getByRole("navigation").getByRole("link", { name: "All integrations" }).click();
    assert.equal(await page.locator("tbody tr").count(), 5);
  });
});

test("gateways are named with what to do, and APIs are found by account and region", async () => {
  await browsing(LOOKS[2], async (page) => {
    await open(page, "/api/integrations/regions");
    const gateways = page.getByRole("region", { name: "Table of gateways" });
    assert.match(await gateways.innerText(), /^2 of 2 gateways/);
    const first = gateways.locator("tbody tr").first();
    assert.match(await first.innerText(), /eu-west-1\s+source own[^]*denied/);
    await first.getByText("Why").click();
    assert.match(await first.innerText(), /no <b>way<\/b>/);
    const apis = page.getByRole("region", { name: "Table of APIs" });
    const all = await apis.locator("caption").innerText();
    const account = await page.getByLabel("Account", { exact: true }).locator("option").nth(1).innerText();
    await page.getByLabel("Account", { exact: true }).selectOption(account);
    await page.getByLabel("Region", { exact: true }).selectOption(clouds.told.region);
    await page.getByRole("button", { name: "Show" }).click();
    await page.waitForURL(new RegExp(`account=${account}&region=${clouds.told.region}`));
    assert.equal(await apis.locator("caption").innerText(), all);
    await open(page, "/api/integrations/regions?region=eu-west-1");
    assert.match(await apis.locator("caption").innerText(), /^0 of /);
    assert.equal(await page.getByLabel("Region", { exact: true }).inputValue(), "eu-west-1");
  });
});

test("nothing is asked of anybody else, and the key is told to nobody", async () => {
  const told = [];
  await browsing(LOOKS[0], async (page, seen) => {
    const origin = new URL(app.told.url).origin;
    for (const place of Object.values(PAGES())) {
      const answer = await open(page, place);
      const html = await answer.text();
      const links = await page.locator("a").evaluateAll((all) => all.map((link) => [link.getAttribute("href"), link.rel]));
      for (const [link, rel] of links) {
        const isOwn = link.startsWith("/api/");
        assert.equal(new URL(link, origin).searchParams.has("code"), isOwn, link);
        if (link.startsWith("https://")) assert.equal(rel, "noreferrer noopener", link);
      }
      const text = await page.evaluate(() => document.body.innerText);
      assert.ok(!text.includes(key), place);
      const parts = html.split(`code=${encodeURIComponent(key)}`);
      assert.equal(parts.length - 1, links.filter(([link]) => link.startsWith("/api/")).length, place);
      const rest = parts.join("").replaceAll(`<input type="hidden" name="code" value="${key}">`, "");
      assert.ok(!rest.includes(key) && !rest.includes(encodeURIComponent(key)), place);
    }
    // An outside link is followed without a word of where it was.
    await page.context().route(/^https:/, async (route) => {
      told.push([route.request().url(), route.request().headers().referer]);
      await route.fulfill({ status: 200, body: "elsewhere" });
    });
    await open(page, "/api/integrations/shop");
    await page.getByRole("link", { name: "API center in the Azure portal" }).click();
    await page.waitForURL(/^https:\/\/portal/);
    assert.deepEqual(told.map(([url, referer]) => [url.includes(key), referer]), [[false, undefined]]);
    const others = seen.requests.filter((url) => !url.startsWith(origin) && !url.startsWith("data:") && !url.startsWith("https://portal"));
    assert.deepEqual(others, []);
    assert.deepEqual(seen.complaints, []);
  });
});

test("a printed page has all that is folded and nothing to click", async () => {
  await browsing(LOOKS[1], async (page) => {
    await open(page, "/api/integrations/shop");
    await page.emulateMedia({ media: "print" });
    for (const selector of ["nav", "form", ".skip"]) assert.ok(!(await page.locator(selector).first().isVisible()), selector);
    assert.ok(await page.getByRole("region", { name: "Table of runs" }).isVisible());
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(255, 255, 255)");
    await page.screenshot({ path: path.join(PICTURES, "printed.png"), fullPage: true });
  });
});

test("what the policy forbids does not happen", async () => {
  await browsing(LOOKS[0], async (page, seen) => {
    await open(page, "/api/integrations");
    await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "document.title = 'owned'";
      document.body.append(script);
      const style = document.createElement("style");
      style.textContent = "body { display: none }";
      document.body.append(style);
    });
    assert.notEqual(await page.title(), "owned");
    assert.ok(await page.locator("h1").isVisible());
    assert.equal(seen.complaints.filter((text) => text.includes("Content Security Policy")).length, 2, seen.complaints.join("\n"));
  });
});
