// Promises of the page of a running sluice: real_test.js URL FIFO, where FIFO is its stdin. The pipeline is the one in
// tests/e2e/test_dashboard.py: `parse-2` takes JSON, `filter-3` keeps `keep`, the rest is as configured there.
"use strict";
const assert = require("assert");
const fs = require("fs");
const {promise, run, screenshot, number} = require("./browser.js");

const [url, fifo] = process.argv.slice(2);
const input = fs.openSync(fifo, "w");
const send = (lines) => fs.writeSync(input, lines.map((line) => `${line}\n`).join(""));
const ledger = async () => (await fetch(`${url}api/ledger`)).json();

async function open(page) {
  await page.goto(url);
  await page.waitForFunction(() => document.body.dataset.state === "running");
}

// Until the page shows that so many records were received and none of them is on its way.
const settled = (page, received) => page.waitForFunction((wanted) => (
  document.querySelector('[data-ledger="received"]').dataset.value === String(wanted) &&
  document.querySelector('[data-ledger="in_flight"]').dataset.value === "0"), received);

promise("values on the page equal those of the ledger", async ({page}) => {
  await open(page);
  const before = (await ledger()).received;
  send(Array.from({length: 300}, (_, n) => (n % 10 ? JSON.stringify({n, keep: n % 3 !== 0}) : `broken ${n}`)));
  await settled(page, before + 300);
  const now = await ledger();
  for (const key of ["received", "copied", "written", "filtered", "rejected", "abandoned", "in_flight"]) {
    assert.strictEqual(await number(page, `[data-ledger="${key}"]`), now[key], key);
  }
  for (const stage of now.stages) {
    const cells = page.locator(`#stages tr[data-key="${stage.name}"]`);
    for (const key of ["in", "out", "filtered", "rejected"]) {
      assert.strictEqual(Number(await cells.locator(`[data-figure="${key}"]`).getAttribute("data-value")), stage[key], `${stage.name} ${key}`);
    }
  }
  assert.ok(now.rejected >= 30 && now.filtered > 0 && now.written > 0, JSON.stringify(now));
  assert.strictEqual(await page.locator("#balance").innerText(), "balanced");
  await screenshot(page, "real-light");
});

promise("rejected lines are on the page as they came", async ({page}) => {
  await open(page);
  const before = (await ledger()).received;
  send(["a line that is <b>not</b> JSON"]);
  await settled(page, before + 1);
  await page.waitForFunction(() => /a line that is <b>not<\/b> JSON/.test(document.querySelector("#samples").textContent));
});

// Lines are sent again and again, because a tap sees what passes after it was opened.
promise("a tap shows a line that was sent in, and the filter box holds others back", async ({page}) => {
  await page.emulateMedia({colorScheme: "dark"});
  await open(page);
  await page.selectOption("#tail-stage", "parse-2");
  await page.fill("#tail-where", 'name == "wanted"');
  await page.keyboard.press("Enter");
  let sent = 0;
  while (await page.locator(".record").count() === 0) {
    assert.ok(sent < 2000, `nothing came of ${sent} lines: ${await page.locator("#tail-stats").innerText()} ${await page.locator("#tail-error").textContent()}`);
    send([JSON.stringify({name: "other", keep: true, sent}), JSON.stringify({name: "wanted", keep: true, sent})]);
    ++sent;
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
  }
  const shown = await page.locator(".record summary").allInnerTexts();
  assert.ok(shown.every((text) => JSON.parse(text).name === "wanted"), shown.join("\n"));
  await page.waitForFunction(() => /looked at [\d,]+ of [\d,]+, [1-9]/.test(document.querySelector("#tail-stats").textContent));
  await screenshot(page, "real-dark");
});

promise("an expression that does not compile is explained, with a caret", async ({page}) => {
  await open(page);
  await page.fill("#tail-where", "name ==");
  await page.keyboard.press("Enter");
  await page.locator("#tail-error").waitFor();
  assert.match(await page.locator("#tail-error").textContent(), /expected a value[\s\S]*\^/);
});

promise("at 400 px nothing scrolls sideways", async ({page}) => {
  await page.setViewportSize({width: 400, height: 800});
  await open(page);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await screenshot(page, "real-400");
});

run(async (page) => ({page, allowed: /status of 400/}));
