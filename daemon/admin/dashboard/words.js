// Numbers as people read them, and the few DOM helpers. Whatever comes from outside becomes text nodes, never markup.

const byId = (id) => document.getElementById(id);

// element("td", {class: "n", "data-value": 3}, "text", child): attributes that are null are left out.
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function drawn(tag, attributes = {}) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// Writes only what differs: a poll that brings nothing new causes no layout, and screen readers stay silent.
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function setAttribute(node, name, value) {
  const text = String(value);
  if (node.getAttribute(name) !== text) node.setAttribute(name, text);
}

// An exact integer for people, and the same for programs.
function setCount(node, value) {
  setText(node, exact(value));
  setAttribute(node, "data-value", value);
}

function setWidth(node, share) {
  const width = `${(100 * Math.min(1, Math.max(0, share || 0))).toFixed(1)}%`;
  if (node.style.width !== width) node.style.width = width;
}

const exact = (value) => value.toLocaleString("en-US");

// Three significant digits and a unit: 0, 3.2, 312, 12.4 k.
function short(value) {
  const units = ["", "k", "M", "G", "T", "P"];
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; value /= 1000) ++unit;
  const digits = value === 0 || value >= 99.95 ? 0 : value >= 9.995 || unit === 0 ? 1 : 2;
  return `${value.toFixed(digits)}${unit ? `\u202f${units[unit]}` : ""}`;
}

const perSecond = (rate) => (rate === null ? "–" : `${short(rate)}/s`);
const percent = (share) => (share === null ? "–" : `${Math.round(100 * share)}\u202f%`);
const bytes = (count) => `${short(count)}${count >= 999.5 ? "" : "\u202f"}B`;

function duration(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

// The time of day where the reader is; the date too when it is not today's. Text that is no time stays what it is.
function clock(rfc3339) {
  const time = new Date(rfc3339);
  if (isNaN(time)) return String(rfc3339);
  const day = time.toDateString() === new Date().toDateString() ? "" : `${time.toLocaleDateString("sv-SE")} `;
  return day + time.toLocaleTimeString("sv-SE");
}
