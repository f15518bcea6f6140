// Promises of the page against a mock of the admin endpoint.
"use strict";
const assert = require("assert");
const {Mock, stage, queue} = require("./mock.js");
const {promise, run, screenshot, number} = require("./browser.js");

const state = (page, wanted) => page.waitForFunction((s) => document.body.dataset.state === s, wanted);
// A dialog closes a moment after it was told to.
const closed = (page, selector) => page.locator(selector).waitFor({state: "hidden"});
const text = (page, selector) => page.locator(selector).innerText();

// Waits until a condition of the mock holds; the page is asked in between, which lets events pass.
async function until(page, condition, what) {
  for (let i = 0; i < 400; ++i) {
    if (condition()) return;
    await page.evaluate(() => new Promise((done) => setTimeout(done, 20)));
  }
  throw new Error(`waited in vain for ${what}`);
}

async function open({page, url}, wanted = "running") {
  await page.goto(url);
  await state(page, wanted);
}

promise("the ledger is the one of the API, to the record", async (world) => {
  await open(world);
  const ledger = await (await fetch(`${world.url}api/ledger`)).json();
  for (const key of ["received", "copied", "written", "filtered", "rejected", "abandoned", "in_flight"]) {
    assert.strictEqual(await number(world.page, `[data-ledger="${key}"]`), ledger[key], key);
  }
  assert.strictEqual(await text(world.page, "#balance"), "balanced");
});

promise("a ledger that does not balance says by how much", async (world) => {
  world.mock.changeLedger = (ledger) => ({...ledger, in_flight: ledger.in_flight - 3});
  await open(world);
  assert.match(await text(world.page, "#balance"), /does not balance: 3 records missing/);
  world.mock.changeLedger = (ledger) => ({...ledger, balanced: false});
  await world.page.waitForFunction(() => /stages disagree/.test(document.querySelector("#balance").textContent));
});

promise("rates stand on the edges, a router's outputs apart, and the bottleneck is named", async (world) => {
  world.mock.working = true;
  await open(world);
  await world.page.waitForFunction(() => document.querySelector("#verdict").dataset.bottleneck === "archive");
  assert.match(await text(world.page, "#verdict"), /split waits 90\s% of the time.*holds 16 of 16.*busy 97\s%/);
  const labels = await world.page.locator("#graph .rate").allTextContents();
  assert.ok(labels.includes("41.0\u202fk/s"), labels.join(" | "));  // access to parse
  assert.ok(labels.includes("110/s"), labels.join(" | "));           // errors: what their reader took
  assert.strictEqual(labels.filter((l) => l === "≤\u202f26.6\u202fk/s").length, 2);  // slow and otherwise go to one reader
  assert.strictEqual(await world.page.locator('[data-card="parse-3"] .stage').count(), 3);  // fused: one card
});

promise("without back pressure nothing is called a bottleneck", async (world) => {
  world.mock.stages.forEach((s) => { s.blocked_s = 0; });
  await open(world);
  await world.page.waitForFunction(() => /Nothing moves|No bottleneck|Idle/.test(document.querySelector("#verdict").textContent));
  assert.strictEqual(await world.page.locator(".bottleneck").count(), 0);
});

promise("rejects are shown by reason with samples, errors by reason", async (world) => {
  await open(world);
  assert.strictEqual(await number(world.page, '#rejects-counts [data-reason="no_match"] .n'), 3770);
  assert.match(await text(world.page, "#samples"), /expected a quoted request[\s\S]*GET \/cart[\s\S]*base64: gICAgA==/);
  assert.strictEqual(await number(world.page, '#errors-counts [data-reason="no_such_field"] .n >> nth=0'), 412);
});

promise("what comes from outside is text, never markup", async (world) => {
  const evil = '<img src=x onerror="document.title=1"><script>x</script>';
  world.mock.stages = [stage(evil, "generate", evil, "generator", [], {in: 5, out: 5}),
    stage("w", "write", "stdout", "writer", [{stage: evil, output: evil}], {in: 5, out: 5, queue: queue(1), errors: {[evil]: 2}})];
  world.mock.rejects = {counts: [{stage: evil, reason: evil, count: 1}], samples: [{time: evil, stage: evil, reason: evil, detail: evil, raw: evil}]};
  await open(world);
  await world.page.locator("[data-stage]").first().click();
  await until(world.page, () => world.mock.taps.length === 1, "the tap");
  assert.strictEqual(world.mock.taps[0].stage, evil);
  world.mock.taps[0].send("record", JSON.stringify({message: evil}));
  await world.page.locator(".record").waitFor();
  assert.strictEqual(await world.page.locator("img, main script").count(), 0);
  assert.match(await text(world.page, "#samples"), /<img src=x/);
});

promise("the live tail shows records as they are, counts what it looked at, opens one and pauses", async (world) => {
  await open(world);
  await world.page.locator('#graph [data-stage="geo"]').click();
  await until(world.page, () => world.mock.taps.length === 1, "the tap");
  assert.strictEqual(world.mock.taps[0].stage, "geo");
  world.mock.taps[0].send("record", '{"n":1.0,"id":12345678901234567890,"m":"a \\"b\\", {c}"}');
  world.mock.taps[0].send("stats", {passed: 48211, looked_at: 12000, matched: 1, dropped: 0});
  await world.page.locator(".record").waitFor();
  assert.strictEqual(await text(world.page, ".record summary"), '{"n":1.0,"id":12345678901234567890,"m":"a \\"b\\", {c}"}');
  await world.page.waitForFunction(() => /looked at 12,000 of 48,211, 1 matched/.test(document.querySelector("#tail-stats").textContent));
  await world.page.locator(".record summary").click();
  assert.strictEqual(await text(world.page, ".record pre"), '{\n  "n": 1.0,\n  "id": 12345678901234567890,\n  "m": "a \\"b\\", {c}"\n}');
  world.mock.taps[0].send("record", '{"n":2}');
  await world.page.waitForFunction(() => /paused, 0|paused, 1/.test(document.querySelector("#tail-stats").textContent));
  assert.strictEqual(await world.page.locator(".record").count(), 1);
  await world.page.locator("#tail-pause").click();
  await world.page.locator(".record >> nth=1").waitFor();
});

promise("the filter box sends its expression, and shows an error with its caret", async (world) => {
  world.allowed = /400/;
  await open(world);
  await world.page.keyboard.press("/");
  await world.page.keyboard.type("status > 1 &&");
  await world.page.keyboard.press("Enter");
  await world.page.locator("#tail-error").waitFor();
  assert.match(await text(world.page, "#tail-error"), /expected a value[\s\S]*\n {15}\^/);
  assert.strictEqual(await world.page.locator("#tail-where").getAttribute("aria-invalid"), "true");
  await world.page.keyboard.type(" n == 2");
  await world.page.keyboard.press("Enter");
  await until(world.page, () => world.mock.taps.length === 1, "the tap");
  assert.strictEqual(world.mock.taps[0].query.get("where"), "status > 1 && n == 2");
  assert.strictEqual(await world.page.locator("#tail-error").isHidden(), true);
});

promise("a tail goes on when its stage is back after a reload", async (world) => {
  await open(world);
  await world.page.keyboard.press("s");
  await until(world.page, () => world.mock.taps.length === 1, "the first tap");
  const first = world.mock.taps[0];
  first.send("end", {why: "gone"});
  first.response.end();
  await until(world.page, () => world.mock.taps.length === 1 && world.mock.taps[0] !== first, "the second tap");
});

promise("stopping the tail closes its connection", async (world) => {
  await open(world);
  await world.page.locator("#tail-start").click();
  await until(world.page, () => world.mock.taps.length === 1, "the tap");
  await world.page.locator("#tail-start").click();
  await until(world.page, () => world.mock.taps.length === 0, "the end of the tap");
  assert.strictEqual(await text(world.page, "#tail-start"), "Start");
});

promise("draining and a hang are said; a lost connection is said and recovers", async (world) => {
  world.allowed = /ERR_|503/;
  await open(world);
  world.mock.state = "draining";
  await state(world.page, "draining");
  world.mock.broken = true;
  await state(world.page, "lost");
  assert.match(await text(world.page, "#state"), /connection lost at \d\d:\d\d:\d\d, it was draining; trying again/);
  Object.assign(world.mock, {broken: false, state: "running", health: "no progress: archive has had work for 30 s"});
  await state(world.page, "stuck");
  assert.match(await text(world.page, "#state"), /no progress: archive/);
  world.mock.health = "";
  await state(world.page, "running");
});

promise("the token is asked for once, kept for the tab, and sent with taps", async (world) => {
  world.allowed = /401/;
  world.mock.token = "s3cret";
  await open(world, "locked");
  await world.page.fill("#token-text", "wrong");
  await world.page.keyboard.press("Enter");
  await world.page.waitForFunction(() => /not accepted/.test(document.querySelector("#token-error").textContent));
  await world.page.fill("#token-text", "s3cret");
  await world.page.keyboard.press("Enter");
  await state(world.page, "running");
  await world.page.keyboard.press("s");
  await until(world.page, () => world.mock.taps.length === 1, "the tap");
  await world.page.reload();
  await state(world.page, "running");
  assert.ok(!world.page.url().includes("s3cret"));
});

promise("reload asks first, then tells what changed or what is wrong", async (world) => {
  world.allowed = /422/;
  await open(world);
  await world.page.keyboard.press("r");
  await world.page.locator("#reload-close").click();
  await closed(world.page, "#reload");
  assert.ok(!world.mock.requests.includes("POST /api/reload"));
  await world.page.keyboard.press("r");
  await world.page.locator("#reload-go").click();
  await world.page.locator('#reload-result[data-ok="true"]').waitFor();
  assert.match(await text(world.page, "#reload-result"), /geo: changed\s+alerts: added/);
  await world.page.keyboard.press("Escape");
  await closed(world.page, "#reload");
  world.mock.reloadAnswer = [422, {ok: false, error: "web-logs.yaml:9:5: error: unknown key `wher`"}];
  await world.page.keyboard.press("r");
  await world.page.locator("#reload-go").click();
  await world.page.locator('#reload-result[data-ok="false"]').waitFor();
  assert.match(await text(world.page, "#reload-result"), /what was running goes on[\s\S]*unknown key `wher`/);
});

promise("everything can be reached by keyboard, with the focus to be seen", async (world) => {
  await open(world);
  const seen = new Set();
  for (let i = 0; i < 60; ++i) {
    await world.page.keyboard.press("Tab");
    const [id, visible] = await world.page.evaluate(() => {
      const at = document.activeElement;
      const style = getComputedStyle(at);
      return [at.dataset.stage ? `stage ${at.dataset.stage}` : at.id || at.className || at.tagName,
        at === document.body || at.className === "skip" || style.outlineStyle !== "none" && style.outlineWidth !== "0px"];
    });
    assert.ok(visible, `${id} does not show its focus`);
    seen.add(id);
  }
  for (const id of ["skip", "reload-open", "theme", "help-open", "stage access", "stage archive", "samples", "tail-stage",
    "tail-where", "tail-rate", "tail-start", "tail-clear", "tail-lines"]) assert.ok(seen.has(id), `${id} is not in ${[...seen]}`);
  await world.page.evaluate(() => document.activeElement.blur());
  await world.page.keyboard.press("g");
  await world.page.keyboard.press("ArrowUp");
  assert.strictEqual(await world.page.evaluate(() => document.activeElement.dataset.stage), "alerts");
  await world.page.keyboard.press("Enter");
  await until(world.page, () => world.mock.taps[0]?.stage === "alerts", "the tap of that stage");
  await world.page.keyboard.press("?");
  assert.ok(await world.page.locator("#help").isVisible());
});

promise("every control has a name, and there is one heading of the first order", async (world) => {
  await open(world);
  const nameless = await world.page.evaluate(() => [...document.querySelectorAll("button, input, select, [role]")].filter((at) => (
    !at.closest("[aria-hidden=true]") && !at.textContent.trim() && !at.getAttribute("aria-label") && !at.getAttribute("aria-labelledby") &&
    !at.labels?.length && !["alert", "status"].includes(at.getAttribute("role")))).map((at) => at.outerHTML));
  assert.deepStrictEqual(nameless, []);
  assert.strictEqual(await world.page.locator("h1").count(), 1);
});

promise("new figures move nothing", async (world) => {
  world.mock.working = true;
  await open(world);
  const boxes = () => world.page.evaluate(() => [...document.querySelectorAll("section, .card, .stage .name, th, button, #balance, #verdict")].map((at) => {
    const {x, y, width, height} = at.getBoundingClientRect();
    return [at.id || at.className || at.textContent, x, y, width, height].join(" ");
  }));
  await world.page.waitForFunction(() => document.querySelector("#verdict").dataset.bottleneck === "archive");
  const before = await boxes();
  const polls = world.mock.requests.length;
  await until(world.page, () => world.mock.requests.length > polls + 6, "more polls");
  assert.deepStrictEqual(await boxes(), before);
});

for (const width of [400, 768, 1280]) {
  for (const colorScheme of ["light", "dark"]) {
    promise(`no sideways scrolling at ${width} px, ${colorScheme}`, async (world) => {
      world.mock.working = true;
      await world.page.setViewportSize({width, height: 900});
      await world.page.emulateMedia({colorScheme});
      await open(world);
      await world.page.waitForFunction(() => document.querySelector("#verdict").dataset.bottleneck === "archive");
      await world.page.locator("#tail-start").click();
      await until(world.page, () => world.mock.taps.length === 1, "the tap");
      for (let n = 0; n < 30; ++n) {
        world.mock.taps[0].send("record", JSON.stringify({client_ip: `10.0.3.${n}`, method: "GET", path: `/cart/${n}`, status: n % 7 ? 200 : 502, duration_ms: 12.5 * n, geo: {country: "DE", city: "Frankfurt"}}));
      }
      world.mock.taps[0].send("stats", {passed: 26590, looked_at: 1000, matched: 30, dropped: 0});
      await world.page.locator(".record >> nth=29").waitFor();
      const [inside, page] = await world.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(inside <= page, `${inside} px of content in ${page} px`);
      const cards = await world.page.evaluate(() => [...document.querySelectorAll(".card")].map((c) => c.getBoundingClientRect()).map((r) => [r.left, r.right, r.top, r.bottom]));
      for (const [i, a] of cards.entries()) {
        assert.ok(a[0] >= 0 && a[1] <= width, "a card is cut off");
        for (const b of cards.slice(i + 1)) assert.ok(a[1] <= b[0] || b[1] <= a[0] || a[3] <= b[2] || b[3] <= a[2], "cards overlap");
      }
      const dark = await world.page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
      assert.strictEqual(dark === "rgb(20, 23, 26)", colorScheme === "dark", dark);
      await screenshot(world.page, `mock-${width}-${colorScheme}`);
    });
  }
}

promise("the switch overrules the system's theme and is remembered", async (world) => {
  await world.page.emulateMedia({colorScheme: "light"});
  await open(world);
  await world.page.keyboard.press("d");
  await world.page.keyboard.press("d");
  const background = () => world.page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  assert.strictEqual(await background(), "rgb(20, 23, 26)");
  await world.page.reload();
  await state(world.page, "running");
  assert.strictEqual(await background(), "rgb(20, 23, 26)");
  assert.strictEqual(await text(world.page, "#theme"), "Theme: dark");
});

promise("nothing is asked of anybody but the API", async (world) => {
  const asked = [];
  world.page.on("request", (request) => asked.push(request.url()));
  await open(world);
  const foreign = asked.filter((url) => !url.startsWith("data:") && !/^\/($|healthz$|api\/)/.test(new URL(url).pathname) || !url.startsWith(world.url) && !url.startsWith("data:"));
  assert.deepStrictEqual(foreign, []);
});

run(async (page) => {
  const mock = new Mock();
  const url = await mock.listen();
  return {page, mock, url, close: () => mock.close()};
});
