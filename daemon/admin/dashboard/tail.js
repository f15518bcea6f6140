// The live tail: one tap at a time, its records in a list that never grows beyond KEEP.

const KEEP = 400;
const REDRAW_MS = 150;
const WHY = {limit: "the limit was reached", gone: "the stage is gone", stopping: "sluice is stopping"};

class Tail {
  // `unauthorized` is called when the server wants a token; `select(stage)` when another stage is tailed.
  constructor(unauthorized, select) {
    this.unauthorized = unauthorized;
    this.select = select;
    this.stream = null;   // AbortController of the tap that is open
    this.wanted = false;  // whether the user wants one: it comes back after a reload or a lost connection
    this.waiting = [];    // records that are not drawn yet
    this.timer = 0;
    this.matched = 0;
    byId("tail-form").addEventListener("submit", (event) => this.submit(event));
    byId("tail-pause").addEventListener("click", () => this.pause(!this.paused()));
    byId("tail-clear").addEventListener("click", () => this.clear());
    byId("tail-start").addEventListener("click", (event) => this.stopInstead(event));
    byId("tail-stage").addEventListener("change", () => this.choose(byId("tail-stage").value));
    byId("tail-lines").addEventListener("keydown", (event) => this.move(event));
  }

  // The stages that can be chosen; a tap that ended with the old pipeline is opened again on the new one.
  offer(names) {
    const box = byId("tail-stage");
    if ([...box.options].map((o) => o.value).join("\n") !== names.join("\n")) {
      const chosen = box.value;
      box.replaceChildren(...names.map((name) => element("option", {value: name}, name)));
      box.value = names.includes(chosen) ? chosen : names.at(-1) ?? "";
      this.select(box.value);
    }
    if (this.wanted && !this.stream && names.includes(this.stage)) this.connect();
  }

  // From the graph: this stage, at once.
  open(stage) {
    byId("tail-stage").value = stage;
    this.select(stage);
    this.start();
    byId("tail").scrollIntoView({block: "nearest", behavior: calm() ? "auto" : "smooth"});
  }

  choose(stage) {
    this.select(stage);
    if (this.wanted) this.start();
  }

  toggle() {
    if (this.wanted) this.stop();
    else this.start();
  }

  // Enter in the filter box always applies it; only the button itself stops.
  submit(event) {
    event.preventDefault();
    this.start();
  }

  stopInstead(event) {
    if (!this.wanted || event.detail === 0 && document.activeElement !== byId("tail-start")) return;
    event.preventDefault();
    this.stop();
  }

  start() {
    this.disconnect();
    this.stage = byId("tail-stage").value;
    this.wanted = true;
    this.clear();
    this.pause(false);
    this.connect();
  }

  stop(message = "stopped") {
    this.wanted = false;
    this.disconnect();
    this.show(message);
  }

  disconnect() {
    this.stream?.abort();
    this.stream = null;
  }

  async connect() {
    const stream = this.stream = new AbortController();
    const query = new URLSearchParams({rate: byId("tail-rate").value});
    const where = byId("tail-where").value.trim();
    if (where) query.set("where", where);
    this.fail("");
    this.show("connecting");
    try {
      await follow(`/api/tap/${encodeURIComponent(this.stage)}?${query}`, stream.signal, (event, data) => {
        if (this.stream === stream) this.handle(event, data);
      });
      if (this.stream === stream) this.ended(stream, "the connection was lost; trying again");
    } catch (problem) {
      if (this.stream === stream) this.broken(stream, problem);
    }
  }

  handle(event, data) {
    if (event === "open") this.show("waiting for records");
    if (event === "record") this.add(data);
    if (event === "stats") this.count(JSON.parse(data));
    if (event === "end") {
      const {why} = JSON.parse(data);
      if (why === "limit") this.stop(`ended: ${WHY.limit}`);
      else this.ended(this.stream, `${WHY[why] ?? why}; it goes on when it is back`);
    }
  }

  // Not by the user's will: offer() connects again with the next answer of the server.
  ended(stream, message) {
    stream.abort();
    this.stream = null;
    this.show(message);
  }

  broken(stream, problem) {
    this.stream = null;
    if (problem instanceof Unauthorized) return this.unauthorized();
    if (!(problem instanceof Refused)) return this.ended(stream, "the connection was lost; trying again");
    this.stop(problem.status === 429 ? "too many taps are open" : "refused");
    return this.fail(problem.message);
  }

  count({passed, looked_at: looked, matched, dropped}) {
    this.matched = matched;
    this.show(`looked at ${exact(looked)} of ${exact(passed)}, ${exact(matched)} matched` +
      (dropped ? `, ${exact(dropped)} dropped here` : ""));
  }

  show(text) {
    this.text = text;
    const held = this.paused() ? ` · paused, ${exact(this.waiting.length)}${this.waiting.length === KEEP ? " or more" : ""} waiting` : "";
    setText(byId("tail-stats"), text + held);
    setAttribute(byId("tail-stats"), "data-matched", this.matched);
    setText(byId("tail-start"), this.wanted ? "Stop" : "Start");
    byId("tail-pause").disabled = !this.wanted;
  }

  // What is wrong with the expression, with its caret, below the box that holds it.
  fail(message) {
    setText(byId("tail-error"), message);
    byId("tail-error").hidden = message === "";
    setAttribute(byId("tail-where"), "aria-invalid", message !== "");
  }

  paused() {
    return byId("tail-pause").getAttribute("aria-pressed") === "true";
  }

  pause(on) {
    setAttribute(byId("tail-pause"), "aria-pressed", on);
    setText(byId("tail-pause"), on ? "Go on" : "Pause");
    if (!on) this.draw();
    this.show(this.text ?? "stopped");
  }

  clear() {
    this.waiting = [];
    this.matched = 0;
    byId("tail-lines").replaceChildren();
  }

  add(text) {
    this.waiting.push(text);
    if (this.waiting.length > KEEP) this.waiting.shift();
    if (!this.timer) this.timer = setTimeout(() => this.draw(), REDRAW_MS);
  }

  // Many records at once: drawing each as it comes would take more time than they do.
  draw() {
    clearTimeout(this.timer);
    this.timer = 0;
    if (this.paused() || !this.waiting.length) return;
    const box = byId("tail-lines");
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 30;
    box.append(...this.waiting.map((text) => this.drawRecord(text)));
    this.waiting = [];
    while (box.children.length > KEEP) box.firstElementChild.remove();
    if (atEnd) box.scrollTop = box.scrollHeight;
  }

  // Opening one pauses, so that it does not move away while it is read.
  drawRecord(text) {
    const line = element("summary", {tabindex: "-1"}, ...coloured(text));
    const item = element("details", {class: "record"}, line);
    item.addEventListener("toggle", () => {
      if (!item.open) return;
      if (item.children.length === 1) item.append(element("pre", {}, ...coloured(text, true)));
      if (this.wanted) this.pause(true);
    });
    return item;
  }

  move(event) {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (!step) return;
    const lines = [...byId("tail-lines").querySelectorAll("summary")];
    const place = lines.indexOf(document.activeElement);
    const next = place < 0 ? lines.length - 1 : Math.min(lines.length - 1, Math.max(0, place + step));
    event.preventDefault();
    lines[next]?.focus();
  }
}

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

const JSON_TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\],]|[^\s{}[\],"]+|\s+|"/g;

// The text of a JSON record with keys and strings told apart; with `pretty` a member on each line. Works on the text,
// because parsing would change numbers such as 1.0 or 12345678901234567890.
function coloured(text, pretty = false) {
  const parts = [];
  let depth = 0;
  const line = () => pretty && parts.push(`\n${"  ".repeat(depth)}`);
  for (const [token, string, colon] of text.matchAll(JSON_TOKEN)) {
    if (/^[}\]]/.test(token)) --depth, line();
    if (string) parts.push(element("span", {class: colon ? "key" : "string"}, string), colon ? (pretty ? ": " : colon) : "");
    else if (!pretty || token.trim()) parts.push(token);
    if (/^[{[]/.test(token)) ++depth, line();
    if (token === ",") line();
  }
  return parts;
}
