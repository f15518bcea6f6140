// The pipeline as cards and edges. Built once for each shape of the pipeline, then only filled with figures.

class Graph {
  // `open(stage)` is called when a stage is pressed.
  constructor(box, open) {
    this.box = box;
    this.open = open;
    this.shape = "";
    this.width = 0;
    this.selected = "";
    box.addEventListener("keydown", (event) => this.move(event));
    new ResizeObserver(() => this.last && this.update(...this.last)).observe(box);
  }

  update(pipeline, rates) {
    this.last = [pipeline, rates];
    this.build(pipeline);
    const flows = flowsOf(this.edges, rates);
    const verdict = verdictOf(pipeline, this.cards, rates);
    const now = new Map(pipeline.stages.map((stage) => [stage.name, stage]));
    for (const card of this.cards) this.fillCard(card, now, rates, card.id === verdict.card?.id);
    const most = Math.max(1, ...[...flows.values()].map((rate) => rate ?? 0));
    for (const edge of this.edges) this.fillEdge(edge, flows.get(edge), most, rates);
    return verdict;
  }

  build(pipeline) {
    const shape = shapeOf(pipeline);
    const width = this.box.clientWidth;
    if (shape === this.shape && width === this.width) {
      this.cards.forEach((card) => { card.stages = card.stages.map((old) => pipeline.stages.find((s) => s.name === old.name)); });
      return;
    }
    const focused = this.box.contains(document.activeElement) ? document.activeElement.dataset.stage : "";
    Object.assign(this, {shape, width, cards: cardsOf(pipeline)});
    this.edges = edgesOf(this.cards);
    this.parts = new Map();
    const layout = layOut(this.cards, this.edges, width);
    this.box.style.height = `${layout.height}px`;
    this.box.replaceChildren(this.drawEdges(layout), ...this.cards.map((card) => this.drawCard(card, layout)));
    if (focused) this.buttons().find((button) => button.dataset.stage === focused)?.focus();
  }

  drawCard(card, layout) {
    const place = layout.cards.get(card);
    const box = element("div", {class: `card ${card.stages[0].role}`, "data-card": card.id});
    for (const key of ["x", "y", "width", "height"]) {
      box.style[{x: "left", y: "top"}[key] ?? key] = `${place[key]}px`;
    }
    const parts = {box};
    if (card.stages[0].queue) {
      parts.fill = element("i");
      parts.held = element("span", {class: "held"});
      box.append(element("div", {class: "queue"}, element("div", {class: "meter"}, parts.fill), parts.held));
    }
    parts.rows = card.stages.map((stage) => this.drawStage(stage));
    box.append(...parts.rows.map((row) => row.button));
    this.parts.set(card, parts);
    return box;
  }

  drawStage(stage) {
    const row = {busy: element("span", {class: "busy"}), loss: element("span", {class: "loss"}), fill: element("i")};
    const kind = stage.variant ? `${stage.kind} ${stage.variant}` : stage.kind;
    row.button = element("button", {type: "button", class: "stage", "data-stage": stage.name,
      "aria-pressed": String(stage.name === this.selected), title: `${stage.name}: ${kind}`},
      element("span", {class: "pair"}, element("span", {class: "name"}, stage.name), row.busy),
      element("span", {class: "pair"}, element("span", {class: "kind"}, kind), row.loss),
      element("span", {class: "meter"}, row.fill));
    row.button.addEventListener("click", () => this.open(stage.name));
    return row;
  }

  drawEdges(layout) {
    const svg = drawn("svg", {width: layout.width, height: layout.height, "aria-hidden": "true"});
    for (const edge of this.edges) {
      const {d, x, y} = layout.paths.get(edge);
      const parts = {line: drawn("path", {d, class: "edge"}), rate: drawn("text", {class: "rate", x, y: y + (layout.vertical ? 4 : 14)})};
      svg.append(parts.line);
      svg.append(parts.rate);
      parts.prefix = "";
      if (edge.output && layout.vertical) parts.prefix = `${clip(edge.output, 10)} `;
      else if (edge.output) svg.append(this.drawOutput(edge.output, x, y - 5));
      this.parts.set(edge, parts);
    }
    return svg;
  }

  drawOutput(output, x, y) {
    const text = drawn("text", {class: "output", x, y});
    text.textContent = clip(output, 13);
    return text;
  }

  fillCard(card, now, rates, isBottleneck) {
    const parts = this.parts.get(card);
    parts.box.classList.toggle("bottleneck", isBottleneck);
    const queue = now.get(card.id).queue;
    if (queue && parts.fill) {
      setWidth(parts.fill, queue.size / queue.capacity);
      parts.fill.classList.toggle("full", queue.size >= queue.capacity);
      setText(parts.held, `${queue.size}/${queue.capacity}`);
    }
    card.stages.forEach((stage, i) => this.fillStage(parts.rows[i], now.get(stage.name), rates.get(stage.name)));
  }

  fillStage(row, stage, rate) {
    setText(row.busy, rate.busy_s === null ? "" : `busy ${percent(rate.busy_s)}`);
    setWidth(row.fill, rate.busy_s);
    row.button.classList.toggle("losing", rate.rejected + rate.abandoned > 0);
    setText(row.loss, lossOf(stage, rate));
    setAttribute(row.button, "aria-pressed", stage.name === this.selected);
  }

  fillEdge(edge, rate, most, rates) {
    const {line, rate: label, prefix} = this.parts.get(edge);
    const bound = rate === null ? boundOf(edge, rates) : null;
    const width = rate ? 1.25 + 3.75 * Math.sqrt(rate / most) : 1.25;
    setAttribute(line, "stroke-width", width.toFixed(2));
    line.classList.toggle("still", !rate);
    line.classList.toggle("waits", Math.max(...edge.from.stages.map((s) => rates.get(s.name).blocked_s)) >= WAITING);
    setText(label, prefix + (bound === null ? perSecond(rate) : `≤\u202f${perSecond(bound)}`));
  }

  select(stage) {
    this.selected = stage;
    for (const button of this.buttons()) setAttribute(button, "aria-pressed", button.dataset.stage === stage);
  }

  buttons() {
    return [...this.box.querySelectorAll("button.stage")];
  }

  focus() {
    const buttons = this.buttons();
    (buttons.find((button) => button.dataset.stage === this.selected) ?? buttons[0])?.focus();
  }

  // Arrow keys walk through the stages in the order of the data.
  move(event) {
    const step = {ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1}[event.key];
    const buttons = this.buttons();
    const place = buttons.indexOf(document.activeElement);
    if (!step || place < 0) return;
    event.preventDefault();
    buttons[Math.min(buttons.length - 1, Math.max(0, place + step))].focus();
  }
}

const clip = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

// The one thing that leaves here and matters most: lost, rejected, behind, filtered.
function lossOf(stage, rate) {
  if (rate.abandoned > 0) return `abandoned ${perSecond(rate.abandoned)}`;
  if (rate.rejected > 0) return `rejected ${perSecond(rate.rejected)}`;
  if (stage.lag_s !== null && stage.lag_s !== undefined) return `lag ${duration(stage.lag_s)}`;
  return rate.filtered > 0 ? `filtered ${perSecond(rate.filtered)}` : "";
}
