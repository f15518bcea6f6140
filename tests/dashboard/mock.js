// A server that answers as the admin endpoint does, from figures that a test sets: for what is hard to bring about in a
// real daemon at the moment it is wanted (an unbalanced ledger, a lost connection, hostile names). Figures stay what
// they are until the test changes them; elapsed_s moves with the clock.
"use strict";
const fs = require("fs");
const http = require("http");

const PAGE = process.env.PAGE;  // the path of the page

function stage(name, kind, variant, role, from, more = {}) {
  return {name, kind, variant, role, from: from.map((f) => (typeof f === "string" ? {stage: f, output: ""} : f)), outputs: [],
    in: 0, out: 0, filtered: 0, rejected: 0, abandoned: 0, copied: 0, bytes_in: 0, bytes_out: 0, busy_s: 0, blocked_s: 0,
    queue: null, fused_into: null, errors: {}, lag_s: null, ...more};
}

const queue = (size) => ({size, capacity: 16});

// Two inputs that join, three fused stages, a router of which one output crosses a layer, three writers.
function webLogs() {
  return [
    stage("access", "generate", "file", "generator", [], {in: 48_000_000, out: 48_000_000, bytes_in: 9_900_000_000, busy_s: 110, blocked_s: 800, lag_s: 0.8}),
    stage("edge", "generate", "syslog", "generator", [], {in: 1_903_577, out: 1_903_577, bytes_in: 400_000_000, busy_s: 8, blocked_s: 700}),
    stage("parse-3", "parse", "combined", "transform", ["access", "edge"], {in: 49_903_000, out: 49_899_120, rejected: 3_880, busy_s: 410, blocked_s: 610, queue: queue(16), errors: {no_match: 3_770, invalid_utf8: 110}}),
    stage("no-health", "filter", "", "transform", ["parse-3"], {in: 49_899_120, out: 31_204_511, filtered: 18_694_609, busy_s: 60, fused_into: "parse-3", errors: {no_such_field: 412}}),
    stage("geo", "enrich", "", "transform", ["no-health"], {in: 31_204_511, out: 31_204_511, busy_s: 220, fused_into: "parse-3"}),
    stage("split", "route", "first", "transform", ["geo"], {in: 31_204_400, out: 31_204_400, outputs: ["errors", "slow", "otherwise"], busy_s: 30, blocked_s: 600, queue: queue(16)}),
    stage("owner", "enrich", "lookup", "transform", [{stage: "split", output: "errors"}], {in: 120_400, out: 120_400, busy_s: 3, queue: queue(1)}),
    stage("alerts", "write", "http", "writer", ["owner"], {in: 120_400, out: 120_399, busy_s: 12, queue: queue(0), bytes_out: 31_000_000}),
    stage("archive", "write", "file", "writer", [{stage: "split", output: "slow"}, {stage: "split", output: "otherwise"}], {in: 31_083_998, out: 31_083_998, busy_s: 950, blocked_s: 0, queue: queue(16), bytes_out: 8_800_000_000}),
  ];
}

function ledgerOf(stages) {
  const sum = (key, role) => stages.filter((s) => !role || s.role === role).reduce((total, s) => total + s[key], 0);
  const ledger = {balanced: true, cause: "running", received: sum("in", "generator"), written: sum("out", "writer"),
    filtered: sum("filtered"), rejected: sum("rejected"), abandoned: sum("abandoned"), in_flight: 0, copied: sum("copied"),
    elapsed_s: 1000, bytes_in: sum("bytes_in"), bytes_out: sum("bytes_out")};
  ledger.in_flight = ledger.received + ledger.copied - ledger.written - ledger.filtered - ledger.rejected - ledger.abandoned;
  return ledger;
}

class Mock {
  constructor() {
    this.began = Date.now();
    this.state = "running";
    this.stages = webLogs();
    this.token = "";
    this.broken = false;      // answer nothing: the connection is lost
    this.health = "";         // what /healthz says when it is not well
    this.requests = [];       // "METHOD path" of everything that was asked
    this.taps = [];           // {stage, query, response} of those that are open
    this.reloads = 0;
    this.reloadAnswer = [200, {ok: true, changes: ["geo: changed", "alerts: added"]}];
    this.changeLedger = (ledger) => ledger;
    this.rejects = {counts: [{stage: "parse-3", reason: "no_match", count: 3_770}, {stage: "parse-3", reason: "invalid_utf8", count: 110}],
      samples: [
        {time: "2026-11-25T03:12:09.118Z", stage: "parse-3", reason: "no_match", detail: "expected a quoted request after the time", raw: '10.0.0.7 - - [25/Nov/2026:03:12:09 +0000] GET /cart'},
        {time: "2026-11-25T03:11:58.001Z", stage: "parse-3", reason: "invalid_utf8", detail: "byte 14", raw_base64: "gICAgA=="}]};
  }

  async listen() {
    this.server = http.createServer((request, response) => this.answer(request, response));
    await new Promise((done) => this.server.listen(0, "127.0.0.1", done));
    return `http://127.0.0.1:${this.server.address().port}/`;
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }

  // So many records more at each poll, with the writer of the archive as the bottleneck.
  work() {
    const steps = {access: 41_000, edge: 1_500, "parse-3": 42_500, "no-health": 42_300, geo: 26_700, split: 26_700, owner: 110, alerts: 110, archive: 26_590};
    const busy = {access: 0.1, edge: 0.01, "parse-3": 0.38, "no-health": 0.06, geo: 0.21, split: 0.03, owner: 0.01, alerts: 0.02, archive: 0.97};
    const blocked = {access: 0.8, edge: 0.75, "parse-3": 0.82, split: 0.9};
    const out = {...steps, "parse-3": 42_300, "no-health": 26_700};
    for (const s of this.stages) {
      s.in += steps[s.name]; s.out += out[s.name];
      s.busy_s += busy[s.name]; s.blocked_s += blocked[s.name] ?? 0;
      if (s.role === "generator") s.bytes_in += steps[s.name] * 206;
      if (s.role === "writer") s.bytes_out += steps[s.name] * 270;
    }
    this.stages[3].filtered += 15_600;
    this.stages[2].rejected += 200; this.stages[2].errors.no_match += 200;
    this.rejects.counts[0].count += 200;
  }

  ledger() {
    return this.changeLedger(ledgerOf(this.stages));
  }

  pipeline() {
    if (this.working) this.work();
    return {version: "0.1.0", config: "/etc/sluice/web-logs.yaml", state: this.state, started: new Date(this.began).toISOString(),
      loaded: new Date(this.began).toISOString(), reloads: this.reloads, workers: 4, stages: this.stages,
      elapsed_s: this.working ? (this.elapsed = (this.elapsed ?? 1000) + 1) : 1000 + (Date.now() - this.began) / 1000,
      rejects: {target: "file", queue: queue(0)}, ledger: this.ledger()};
  }

  answer(request, response) {
    const url = new URL(request.url, "http://mock");
    this.requests.push(`${request.method} ${url.pathname}`);
    if (this.broken) return request.socket.destroy();
    if (url.pathname === "/") return this.send(response, 200, fs.readFileSync(PAGE), "text/html; charset=utf-8");
    if (url.pathname === "/healthz") return this.send(response, this.health ? 503 : 200, this.health || "ok", "text/plain");
    if (this.token && request.headers.authorization !== `Bearer ${this.token}`) return this.json(response, 401, {error: "a token is needed"});
    if (url.pathname === "/api/pipeline") return this.json(response, 200, this.pipeline());
    if (url.pathname === "/api/ledger") return this.json(response, 200, this.ledger());
    if (url.pathname === "/api/rejects") return this.json(response, 200, this.rejects);
    if (url.pathname === "/api/reload" && request.method === "POST") return this.json(response, ...this.reloadAnswer);
    if (url.pathname.startsWith("/api/tap/")) return this.tap(decodeURIComponent(url.pathname.slice(9)), url.searchParams, response);
    return this.json(response, 404, {error: "no such page"});
  }

  tap(name, query, response) {
    if ((query.get("where") ?? "").endsWith("&&")) {
      return this.json(response, 400, {error: "where:1:14: expected a value, but the expression ends here\n  status > 1 &&\n               ^"});
    }
    response.writeHead(200, {"Content-Type": "text/event-stream"});
    response.flushHeaders();
    const tap = {stage: name, query, response, send: (event, data) => response.write(`event: ${event}\ndata: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`)};
    response.on("close", () => { this.taps = this.taps.filter((t) => t !== tap); });
    this.taps.push(tap);
    return undefined;
  }

  json(response, status, value) {
    return this.send(response, status, JSON.stringify(value), "application/json");
  }

  send(response, status, body, type) {
    response.writeHead(status, {"Content-Type": type});
    response.end(body);
  }
}

module.exports = {Mock, stage, queue};
