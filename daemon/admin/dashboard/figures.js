// From counters to rates, flows and a verdict. No DOM in here.

const WINDOW_S = 3;     // rates are means over this: steady enough to read, quick enough to trust
const KEPT = 120;       // samples for the lines of the last two minutes
const WAITING = 0.05;   // a stage that waits less than this share of the time is not held up

const RATED = ["in", "out", "filtered", "rejected", "abandoned", "busy_s", "blocked_s"];

class History {
  constructor() {
    this.samples = [];
    this.traffic = [];  // {received, written} per second, for the lines
  }

  // Counters that went back, or other stages, mean that a reload or another process began: rates begin anew too.
  add(pipeline) {
    const last = this.samples.at(-1);
    if (last && this.isAnother(last, pipeline)) this.samples = [];
    this.samples.push(pipeline);
    while (this.samples.length > 2 && pipeline.elapsed_s - this.samples[1].elapsed_s >= WINDOW_S) this.samples.shift();
    const traffic = this.seconds() > 0 ? {received: this.ledgerRate("received"), written: this.ledgerRate("written")} : null;
    if (traffic) this.traffic.push(traffic);
    if (this.traffic.length > KEPT) this.traffic.shift();
  }

  isAnother(last, now) {
    return shapeOf(last) !== shapeOf(now) || now.started !== last.started || now.elapsed_s < last.elapsed_s ||
      now.stages.some((stage, i) => stage.in < last.stages[i].in || stage.busy_s < last.stages[i].busy_s);
  }

  seconds() {
    return this.samples.length > 1 ? this.samples.at(-1).elapsed_s - this.samples[0].elapsed_s : 0;
  }

  ledgerRate(key) {
    const seconds = this.seconds();
    return seconds > 0 ? (this.samples.at(-1).ledger[key] - this.samples[0].ledger[key]) / seconds : null;
  }

  // By stage name: the rates of RATED, and of `errors` by reason; null as long as there is only one sample.
  rates() {
    const seconds = this.seconds();
    const now = this.samples.at(-1);
    const then = this.samples[0];
    const all = new Map();
    now.stages.forEach((stage, i) => {
      const rates = {errors: {}};
      for (const key of RATED) rates[key] = seconds > 0 ? Math.max(0, stage[key] - then.stages[i][key]) / seconds : null;
      for (const [reason, count] of Object.entries(stage.errors)) {
        rates.errors[reason] = seconds > 0 ? (count - (then.stages[i].errors[reason] ?? 0)) / seconds : null;
      }
      all.set(stage.name, rates);
    });
    return all;
  }
}

// Differs exactly when the graph has to be drawn anew.
function shapeOf(pipeline) {
  return JSON.stringify(pipeline.stages.map((s) => [s.name, s.kind, s.variant, s.from, s.fused_into, !!s.queue]));
}

// What is drawn as one card: a stage and those fused behind it, in order. [{id, stages, queue, role}]
function cardsOf(pipeline) {
  const byName = new Map(pipeline.stages.map((stage) => [stage.name, stage]));
  const cards = new Map();
  for (const stage of pipeline.stages) {
    let head = stage;
    for (let steps = 0; head.fused_into && byName.has(head.fused_into) && steps < byName.size; ++steps) {
      head = byName.get(head.fused_into);
    }
    if (!cards.has(head.name)) cards.set(head.name, {id: head.name, stages: [], incoming: [], outgoing: []});
    cards.get(head.name).stages.push(stage);
  }
  return [...cards.values()];
}

// The edges between cards: {from, to (cards), source, target (stage names), output}.
function edgesOf(cards) {
  const home = new Map(cards.flatMap((card) => card.stages.map((stage) => [stage.name, card])));
  const edges = [];
  for (const card of cards) {
    for (const stage of card.stages) {
      for (const {stage: source, output} of stage.from ?? []) {
        const from = home.get(source);
        if (!from || from === card) continue;
        const edge = {from, to: card, source, target: stage.name, output: output || ""};
        from.outgoing.push(edge);
        card.incoming.push(edge);
        edges.push(edge);
      }
    }
  }
  return edges;
}

// Records per second on each edge. The API counts by stage, so this is bookkeeping: every reader of a plain stage gets
// a copy, hence the same share of `out`; a router's outputs are found from what their readers took otherwise. Where
// that leaves two unknowns the rate stays null, and boundOf() says what it is at most.
function flowsOf(edges, rates) {
  const flow = new Map();
  const routed = edges.filter((edge) => edge.output !== "");
  for (const edge of edges.filter((e) => e.output === "")) {
    const out = rates.get(edge.source).out;
    const readers = edges.filter((e) => e.source === edge.source).length;
    flow.set(edge, out === null ? null : out / readers);
  }
  for (let open = routed, before = -1; open.length && open.length !== before; ) {
    before = open.length;
    for (const edge of open) settle(edge, edges, rates, flow);
    open = open.filter((edge) => !flow.has(edge));
  }
  for (const edge of routed) if (!flow.has(edge)) flow.set(edge, null);
  return flow;
}

function settle(edge, edges, rates, flow) {
  const twin = edges.find((e) => e !== edge && e.source === edge.source && e.output === edge.output && flow.has(e));
  if (twin) return flow.set(edge, flow.get(twin));
  const remainder = (total, others) => others.every((e) => flow.has(e)) && total !== null
    ? Math.max(0, others.reduce((left, e) => left - flow.get(e), total)) : undefined;
  const rest = remainder(rates.get(edge.target).in, edges.filter((e) => e !== edge && e.target === edge.target)) ??
    remainder(rates.get(edge.source).out, edges.filter((e) => e !== edge && e.source === edge.source));
  return rest === undefined ? flow : flow.set(edge, rest);
}

function boundOf(edge, rates) {
  const [given, taken] = [rates.get(edge.source).out, rates.get(edge.target).in];
  return given === null ? null : Math.min(given, taken);
}

// Who holds the pipeline up: the card that others wait for most, without waiting for anybody itself. A queue that is
// full only because the next one is full too is a symptom; subtracting a card's own waiting finds the cause.
// {card (or null), stage, text}
function verdictOf(pipeline, cards, rates) {
  const any = rates.get(pipeline.stages[0]?.name);
  if (!any || any.in === null) return {card: null, stage: "", text: "measuring…"};
  const waits = (card) => Math.max(...card.stages.map((stage) => rates.get(stage.name).blocked_s));
  let worst = {score: 0};
  for (const from of cards.filter((card) => card.outgoing.length)) {
    const card = from.outgoing.map((edge) => edge.to).reduce((a, b) => (pressure(b, rates) > pressure(a, rates) ? b : a));
    const score = waits(from) - waits(card);
    if (score > worst.score) worst = {score, card, from, waits: waits(from)};
  }
  if (worst.score >= WAITING) return holdUp(worst, rates);
  return {card: null, stage: "", text: calmVerdict(pipeline, rates)};
}

// Of several readers the one with the fullest queue is waited for; of those, the busiest.
function pressure(card, rates) {
  const queue = card.stages[0].queue;
  const busy = card.stages.reduce((sum, stage) => sum + rates.get(stage.name).busy_s, 0);
  return (queue ? queue.size / queue.capacity : 0) + busy / 1000;
}

const busiest = (stages, rates) => stages.reduce((a, b) => (rates.get(b.name).busy_s > rates.get(a.name).busy_s ? b : a));

function holdUp({card, from, waits}, rates) {
  const stage = busiest(card.stages, rates);
  const queue = card.stages.find((s) => s.queue)?.queue;
  const reasons = [`${from.stages.at(-1).name} waits ${percent(waits)} of the time to hand over to it`];
  if (queue) reasons.push(`its queue holds ${queue.size} of ${queue.capacity}`);
  reasons.push(`busy ${percent(rates.get(stage.name).busy_s)} of one worker`);
  return {card, stage: stage.name, text: `Bottleneck: ${stage.name}. ${reasons.join(", ")}.`};
}

function calmVerdict(pipeline, rates) {
  const stage = busiest(pipeline.stages, rates);
  const share = rates.get(stage.name).busy_s;
  const total = pipeline.stages.reduce((sum, s) => sum + rates.get(s.name).busy_s, 0);
  const moving = pipeline.stages.some((s) => rates.get(s.name).in > 0 || rates.get(s.name).out > 0);
  if (!moving) return pipeline.ledger.in_flight ? "Nothing moves, though records are in flight." : "Idle: nothing comes in.";
  const most = `most busy is ${stage.name}, ${percent(share)} of one worker`;
  return total >= 0.9 * pipeline.workers
    ? `No stage waits, but all ${pipeline.workers} workers are busy (${percent(total / pipeline.workers)}); ${most}.`
    : `No bottleneck: no stage waits for another; ${most}.`;
}
