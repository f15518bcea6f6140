// Ledger, rejects, errors and the table of stages.

const ENDS = ["written", "filtered", "rejected", "abandoned", "in_flight"];

function showLedger(ledger, history) {
  const begun = ledger.received + ledger.copied;
  const ended = ENDS.reduce((sum, key) => sum + ledger[key], 0);
  const values = {...ledger, begun, ended};
  for (const cell of document.querySelectorAll("[data-ledger]")) setCount(cell, values[cell.dataset.ledger]);
  for (const key of ENDS) setWidth(document.querySelector(`#ledger-bar .${key}`), begun ? ledger[key] / begun : 0);
  const missing = begun - ended;
  const fine = missing === 0 && ledger.balanced;
  setAttribute(byId("balance"), "data-balance", missing);
  byId("balance").classList.toggle("wrong", !fine);
  setText(byId("balance"), fine ? "balanced" : imbalance(missing));
  setText(byId("bytes-in"), bytes(ledger.bytes_in));
  setText(byId("bytes-out"), bytes(ledger.bytes_out));
  showTraffic(history);
}

function imbalance(missing) {
  if (missing === 0) return "does not balance: the stages disagree. Please report it";
  const records = `${exact(Math.abs(missing))} record${Math.abs(missing) === 1 ? "" : "s"}`;
  return `does not balance: ${records} ${missing > 0 ? "missing" : "too many"}. Please report it`;
}

function showTraffic(history) {
  const top = Math.max(1, ...history.traffic.map((t) => Math.max(t.received, t.written)));
  for (const key of ["received", "written"]) {
    setText(byId(`${key}-rate`), perSecond(history.ledgerRate(key)));
    const from = KEPT - history.traffic.length;
    const points = history.traffic.map((t, i) => `${from + i} ${(23 - 22 * t[key] / top).toFixed(1)}`);
    byId(`${key}-line`).firstElementChild.setAttribute("d", points.length > 1 ? `M${points.join(" L")}` : "");
  }
}

// Rows of a table by key: kept, added and removed, in the order of the keys.
function keepRows(body, keys, make) {
  const old = new Map([...body.children].map((row) => [row.dataset.key, row]));
  const rows = keys.map((key) => old.get(key) ?? Object.assign(make(key), {}));
  keys.forEach((key, i) => { rows[i].dataset.key = key; });
  if (rows.length !== body.children.length || rows.some((row, i) => body.children[i] !== row)) body.replaceChildren(...rows);
  return rows;
}

const FIGURES = ["in", "copied", "out", "filtered", "rejected", "abandoned"];
const DERIVED = ["in/s", "out/s", "busy", "waits", "queue", "lag"];

function showStages(pipeline, rates, open) {
  const rows = keepRows(byId("stages").tBodies[0], pipeline.stages.map((stage) => stage.name), (name) => {
    const button = element("button", {type: "button", class: "link", title: "Tail this stage"}, name);
    button.addEventListener("click", () => open(name));
    return element("tr", {}, element("th", {scope: "row"}, button),
      ...[...FIGURES, ...DERIVED].map((label) => element("td", {"data-label": label})));
  });
  pipeline.stages.forEach((stage, i) => fillStageRow(rows[i], stage, rates.get(stage.name)));
}

function fillStageRow(row, stage, rate) {
  FIGURES.forEach((key, i) => {
    const cell = row.children[i + 1];
    setAttribute(cell, "data-figure", key);
    setCount(cell, stage[key]);
    cell.classList.toggle("zero", stage[key] === 0);
    cell.classList.toggle("bad", stage[key] > 0 && (key === "rejected" || key === "abandoned"));
  });
  const lag = stage.lag_s === null || stage.lag_s === undefined ? "" : duration(stage.lag_s);
  const queue = stage.queue ? `${stage.queue.size}/${stage.queue.capacity}` : stage.fused_into ? "fused" : "";
  const texts = [perSecond(rate.in), perSecond(rate.out), percent(rate.busy_s), percent(rate.blocked_s), queue, lag];
  texts.forEach((text, i) => setText(row.children[1 + FIGURES.length + i], text));
}

function showErrors(pipeline, rates) {
  const found = pipeline.stages.flatMap((stage) => Object.entries(stage.errors).map(([reason, count]) => (
    {key: JSON.stringify([stage.name, reason]), stage: stage.name, reason, count, rate: rates.get(stage.name).errors[reason]})));
  found.sort((a, b) => b.count - a.count);
  byId("errors-none").hidden = found.length > 0;
  byId("errors-counts").hidden = found.length === 0;
  fillCounts(byId("errors-counts"), found, true);
}

function fillCounts(table, found, withRate) {
  const rows = keepRows(table.tBodies[0], found.map(({key}) => key), () => element("tr", {},
    element("th", {scope: "row"}), element("td"), element("td", {class: "n"}), ...(withRate ? [element("td", {class: "n"})] : [])));
  found.forEach(({stage, reason, count, rate}, i) => {
    const cells = rows[i].children;
    setText(cells[0], reason);
    setText(cells[1], stage);
    setCount(cells[2], count);
    setAttribute(rows[i], "data-reason", reason);
    setAttribute(rows[i], "data-stage", stage);
    if (withRate) setText(cells[3], perSecond(rate ?? null));
  });
}

function showRejectsTarget({target, queue}) {
  const where = {drop: "dropped, as configured", stderr: "go to stderr"}[target] ?? `go to ${target === "file" ? "a file" : target}`;
  setText(byId("rejects-target"), queue ? `${where}; queue ${queue.size}/${queue.capacity}` : where);
}

function showRejects({counts, samples}) {
  const found = counts.map((c) => ({...c, key: JSON.stringify([c.stage, c.reason])})).sort((a, b) => b.count - a.count);
  byId("rejects-none").hidden = found.length > 0;
  byId("rejects-counts").hidden = found.length === 0;
  fillCounts(byId("rejects-counts"), found, false);
  byId("samples").hidden = byId("samples-title").hidden = samples.length === 0;
  const keyed = samples.map((s) => [JSON.stringify(s), s]);
  const box = byId("samples");
  const old = new Map([...box.children].map((child) => [child.dataset.key, child]));
  const items = keyed.map(([key, sample]) => {
    const item = old.get(key) ?? drawSample(sample);
    old.delete(key);  // two samples may be alike to the letter; each has an element of its own
    item.dataset.key = key;
    return item;
  });
  if (items.some((item, i) => box.children[i] !== item) || items.length !== box.children.length) box.replaceChildren(...items);
}

function drawSample(sample) {
  const head = element("p", {}, element("time", {datetime: sample.time}, clock(sample.time)), " ",
    element("b", {}, sample.reason), ` in ${sample.stage}`, sample.detail ? `: ${sample.detail}` : "");
  const raw = sample.raw !== undefined ? sample.raw : `base64: ${sample.raw_base64}`;
  return element("div", {class: "sample", "data-sample": sample.reason}, head, element("pre", {}, raw));
}
