// Where cards and edges go: layers by the longest way from a generator, along the width where there is room, else
// downwards. Sizes are known beforehand, so nothing is measured and nothing jumps.

const ROW = 40;          // height of a stage in its card
const QUEUE = 22;        // height of the queue above the stages
const PORT = 38;         // distance of edges that leave or enter one card: two lines of a label
const CARD = {min: 148, max: 208};
const GAP = {along: 76, alongMax: 132, across: 16, down: 54};

const heightOf = (card) => (card.stages[0].queue ? QUEUE : 0) + Math.max(card.stages.length * ROW,
  Math.max(card.incoming.length, card.outgoing.length) * PORT) + 2;

// {width, height, vertical, cards: Map(card -> {x, y, width, height}), paths: Map(edge -> {d, x, y})}
function layOut(cards, edges, width) {
  const layers = layersOf(cards, edges);
  const n = layers.length;
  const room = (width - n * CARD.min - (n - 1) * GAP.along) >= 0;
  const result = room ? placeAlong(layers, width) : placeDown(layers, width);
  result.cards = new Map(layers.flat().filter((item) => item.card).map((item) => [item.card, item]));
  result.paths = new Map(edges.map((edge) => [edge, route(edge, result)]));
  return result;
}

// Items by layer: {card} for cards, {edge} for the place that an edge takes in a layer which it only crosses.
function layersOf(cards, edges) {
  const depth = new Map(cards.map((card) => [card, 0]));
  for (let round = 0; round < cards.length; ++round) {
    for (const {from, to} of edges) depth.set(to, Math.max(depth.get(to), Math.min(cards.length, depth.get(from) + 1)));
  }
  const layers = Array.from({length: Math.max(...depth.values()) + 1}, () => []);
  for (const card of cards) layers[depth.get(card)].push({card, before: []});
  const item = new Map(layers.flat().map((i) => [i.card, i]));
  for (const edge of edges) {
    edge.way = [];
    let last = item.get(edge.from);
    for (let layer = depth.get(edge.from) + 1; layer < depth.get(edge.to); ++layer) {
      const crossing = {edge, before: [last]};
      layers[layer].push(crossing);
      edge.way.push(crossing);
      last = crossing;
    }
    item.get(edge.to).before.push(last);
  }
  return layers.filter((layer) => layer.length).map(inOrder);
}

// Items below those that they come from, so that few edges cross.
function inOrder(layer) {
  layer.forEach((item, i) => {
    const places = item.before.map((b) => b.place);
    item.wish = places.length ? places.reduce((a, b) => a + b) / places.length : i;
  });
  layer.sort((a, b) => a.wish - b.wish);
  layer.forEach((item, i) => { item.place = i; });
  return layer;
}

// Each item as near as possible to the middle of what it comes from; then the layer as a whole where it suits best.
function align(layer, start, size) {
  const wish = (item) => (item.before.length
    ? item.before.reduce((sum, b) => sum + b[start] + b[size] / 2, 0) / item.before.length - item[size] / 2 : 0);
  let end = -Infinity;
  let shift = 0;
  for (const item of layer) {
    item[start] = Math.max(wish(item), end);
    shift += wish(item) - item[start];
    end = item[start] + item[size] + GAP.across;
  }
  for (const item of layer) item[start] += shift / layer.length;
}

function placeAlong(layers, width) {
  const n = layers.length;
  const card = Math.min(CARD.max, (width - (n - 1) * GAP.along) / n);
  const gap = n > 1 ? Math.min(GAP.alongMax, (width - n * card) / (n - 1)) : 0;
  const indent = (width - n * card - (n - 1) * gap) / 2;
  layers.forEach((layer, i) => {
    for (const item of layer) {
      item.x = indent + i * (card + gap);
      item.width = card;
      item.height = item.card ? heightOf(item.card) : PORT;
    }
    align(layer, "y", "height");
  });
  const items = layers.flat();
  const top = Math.min(...items.map((item) => item.y));
  for (const item of items) item.y -= top - 2;
  return {width, height: Math.max(...items.map((item) => item.y + item.height)) + 4, vertical: false};
}

function placeDown(layers, width) {
  let y = 2;
  for (const layer of layers) {
    const gaps = (layer.length - 1) * GAP.across;
    const slim = layer.filter((item) => !item.card).length * PORT;
    const card = Math.min(CARD.max + 40, (width - 2 - gaps - slim) / Math.max(1, layer.filter((item) => item.card).length));
    let x = (width - gaps - slim - card * layer.filter((item) => item.card).length) / 2;
    const height = Math.max(...layer.map((item) => (item.card ? heightOf(item.card) : PORT)));
    for (const item of layer) {
      Object.assign(item, {x, y, width: item.card ? card : PORT, height: item.card ? heightOf(item.card) : height});
      x += item.width + GAP.across;
    }
    y += height + GAP.down;
  }
  return {width, height: y - GAP.down + 4, vertical: true};
}

// The path of an edge from port to port, and where its label goes. Edges that leave together bend near their ends, so
// that labels near the far end keep apart.
function route(edge, {cards, vertical}) {
  const from = port(cards.get(edge.from), edge.from.outgoing.indexOf(edge), edge.from.outgoing.length, vertical, true);
  const to = port(cards.get(edge.to), edge.to.incoming.indexOf(edge), edge.to.incoming.length, vertical, false);
  const points = [from];
  for (const item of edge.way) {
    const middle = {x: item.x + item.width / 2, y: item.y + item.height / 2};
    points.push(vertical ? {x: middle.x, y: item.y} : {x: item.x, y: middle.y},
      vertical ? {x: middle.x, y: item.y + item.height} : {x: item.x + item.width, y: middle.y});
  }
  points.push(to);
  let d = `M${from.x} ${from.y}`;
  for (let i = 1; i < points.length; ++i) d += ` ${bend(points[i - 1], points[i], vertical)}`;
  const last = points.at(-2);
  const near = vertical ? 0.5 : 0.62;
  // Downwards, neighbours' labels are above and below the middle in turns.
  const y = vertical ? (last.y + to.y) / 2 + (edge.from.outgoing.indexOf(edge) % 2 ? 9 : -9) : bezierAt(last.y, to.y, near);
  return {d, x: last.x + (to.x - last.x) * near, y};
}

function port(box, index, count, vertical, leaving) {
  const offset = (index - (count - 1) / 2);
  if (vertical) {
    const step = Math.min(70, box.width / (count + 1));
    return {x: box.x + box.width / 2 + offset * step, y: leaving ? box.y + box.height : box.y};
  }
  return {x: leaving ? box.x + box.width : box.x, y: box.y + box.height / 2 + offset * PORT};
}

function bend(a, b, vertical) {
  const x = (a.x + b.x) / 2;
  const y = (a.y + b.y) / 2;
  return vertical ? `C${a.x} ${y} ${b.x} ${y} ${b.x} ${b.y}` : `C${x} ${a.y} ${x} ${b.y} ${b.x} ${b.y}`;
}

// The height of such a curve where it has come `x` of its width: solved by halving, as x(t) rises.
function bezierAt(a, b, x) {
  let low = 0;
  let high = 1;
  for (let i = 0; i < 20; ++i) {
    const t = (low + high) / 2;
    if (1.5 * t * (1 - t) * (1 - t) + 1.5 * t * t * (1 - t) + t * t * t < x) low = t;
    else high = t;
  }
  return a + (b - a) * low * low * (3 - 2 * low);
}
