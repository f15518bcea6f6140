// The browser, and a small frame for promises: each is reported on stdout as a line of JSON, which test_dashboard.py
// turns into tests. Exits 77 when there is no browser to test with.
"use strict";
const fs = require("fs");
const path = require("path");

function fail(reason) {
  console.log(JSON.stringify({skip: reason}));
  process.exit(77);
}

function playwright() {
  try {
    return require("playwright-core");
  } catch {
    return fail("playwright-core is not installed; script/bootstrap test fetches it");
  }
}

// Debian's browser, never one that playwright would fetch. No sandbox: tests run as root in containers.
async function launch() {
  const executablePath = [process.env.CHROMIUM, "/usr/bin/chromium"].find((p) => p && fs.existsSync(p));
  if (!executablePath) fail("no chromium; script/bootstrap test installs it");
  return playwright().chromium.launch({executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]});
}

const promises = [];
const promise = (name, keep) => promises.push({name, keep});

// Each promise gets a page of its own. What the page complains of (errors, refused fetches, policy violations) breaks
// the promise too, unless it matches `allowed` of the promise's world.
async function run(makeWorld) {
  const browser = await launch();
  const only = process.env.ONLY ?? "";
  for (const {name, keep} of promises.filter((p) => p.name.includes(only))) {
    const context = await browser.newContext({viewport: {width: 1280, height: 900}, reducedMotion: "reduce"});
    context.setDefaultTimeout(15_000 * Number(process.env.PATIENCE ?? 1));
    const page = await context.newPage();
    const complaints = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => { if (message.type() === "error") complaints.push(message.text()); });
    const world = await makeWorld(page);
    const began = Date.now();
    let error = "";
    try {
      await keep(world);
      const bad = complaints.filter((text) => !world.allowed?.test(text));
      if (bad.length) throw new Error(`the page complains: ${bad.join("; ")}`);
    } catch (problem) {
      error = problem.stack;
    }
    console.log(JSON.stringify({name, error, seconds: (Date.now() - began) / 1000}));
    await context.close();
    world.close?.();
  }
  await browser.close();
}

async function screenshot(page, name) {
  const directory = process.env.SCREENSHOTS;
  if (!directory) return;
  fs.mkdirSync(directory, {recursive: true});
  await page.screenshot({path: path.join(directory, `${name}.png`), fullPage: true});
}

const number = (page, selector) => page.locator(selector).getAttribute("data-value").then(Number);

module.exports = {promise, run, screenshot, number};
