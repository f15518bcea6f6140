// State, polling, theme, dialogs and keys. Starts everything.

const POLL_MS = 1000;
const SLOWEST_MS = 5000;
const HEALTH_EVERY = 5;  // polls
const STATES = {starting: "starting", running: "running", reloading: "reloading", draining: "draining"};

const history_ = new History();
const graph = new Graph(byId("graph"), (stage) => tail.open(stage));
const tail = new Tail(() => askToken(""), (stage) => graph.select(stage));
const polling = {timer: 0, failures: 0, count: 0, lost: "", rejects: "", stuck: "", last: "connecting"};

async function poll() {
  clearTimeout(polling.timer);
  if (byId("token").open) return;
  try {
    const pipeline = await getJson("/api/pipeline");
    await watchHealth();
    await showAll(pipeline);
    polling.failures = 0;
  } catch (problem) {
    if (problem instanceof Unauthorized) return askToken(sessionStorage.getItem(TOKEN) ? "This token was not accepted." : "");
    lose(problem);
  }
  // A hidden tab asks nothing; it goes on at once when it is looked at again.
  if (!document.hidden) polling.timer = setTimeout(poll, Math.min(SLOWEST_MS, POLL_MS * 2 ** Math.min(3, polling.failures)));
}

async function watchHealth() {
  if (polling.count++ % HEALTH_EVERY) return;
  const answer = await ask("/healthz", {signal: AbortSignal.timeout(5000)});
  polling.stuck = answer.ok ? "" : (await answer.text()).trim();
}

async function showAll(pipeline) {
  history_.add(pipeline);
  const rates = history_.rates();
  const verdict = graph.update(pipeline, rates);
  setText(byId("verdict"), verdict.text);
  setAttribute(byId("verdict"), "data-bottleneck", verdict.stage);
  byId("verdict").classList.toggle("found", verdict.card !== null);
  showLedger(pipeline.ledger, history_);
  showStages(pipeline, rates, (stage) => tail.open(stage));
  showErrors(pipeline, rates);
  showRejectsTarget(pipeline.rejects);
  showAbout(pipeline);
  tail.offer(pipeline.stages.map((stage) => stage.name));
  await pollRejects(pipeline);
  showState(polling.stuck ? "stuck" : pipeline.state, polling.stuck || STATES[pipeline.state] || pipeline.state);
  polling.last = pipeline.state;
}

// Samples are asked for only when there is a new one.
async function pollRejects(pipeline) {
  const seen = `${pipeline.started} ${pipeline.reloads} ${pipeline.stages.map((stage) => stage.rejected)}`;
  if (seen === polling.rejects) return;
  showRejects(await getJson("/api/rejects"));
  polling.rejects = seen;
}

function showAbout(p) {
  const reloads = p.reloads ? ` · ${p.reloads} reload${p.reloads === 1 ? "" : "s"}, last ${clock(p.loaded)}` : "";
  setText(byId("about"), `${p.config} · since ${clock(p.started)}${reloads} · ${p.workers} worker${p.workers === 1 ? "" : "s"} · ${p.version}`);
  setText(byId("reload-path"), p.config);
  setText(document.querySelector("title"), `${perSecond(history_.ledgerRate("received"))} · ${p.config.split("/").pop()} · sluice`);
}

// One word for the lamp, one sentence for people. Figures of a lost connection stay, visibly old.
function showState(state, text) {
  setAttribute(document.body, "data-state", state);
  setText(byId("state"), text);
  polling.lost = state === "lost" ? polling.lost : "";
}

function lose(problem) {
  polling.failures += 1;
  polling.lost ||= new Date().toLocaleTimeString("sv-SE");
  const before = polling.last === "draining" ? ", it was draining" : "";
  if (problem instanceof Refused) showState("lost", `refused since ${polling.lost}: ${problem.message}`);
  else showState("lost", `connection lost at ${polling.lost}${before}; trying again`);
}

function askToken(error) {
  clearTimeout(polling.timer);
  setText(byId("token-error"), error);
  showState("locked", "waiting for the token");
  if (!byId("token").open) byId("token").showModal();
}

byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN, byId("token-text").value.trim());
  byId("token-text").value = "";
  byId("token").close();
  poll();
});
byId("token").addEventListener("cancel", (event) => event.preventDefault());  // there is nothing behind it to go back to

function openReload() {
  byId("reload-result").replaceChildren();
  byId("reload-go").hidden = false;
  byId("reload-go").disabled = false;
  setText(byId("reload-close"), "Cancel");
  byId("reload").showModal();
}

async function reload() {
  byId("reload-go").disabled = true;
  byId("reload-result").replaceChildren(element("p", {}, "checking and reloading…"));
  let result;
  try {
    result = await postReload();
  } catch (problem) {
    if (problem instanceof Unauthorized) {
      byId("reload").close();
      return askToken("");
    }
    result = {ok: false, error: "No answer: the connection was lost. Whether it was reloaded is in the log."};
  }
  showReloaded(result);
  return poll();
}

function showReloaded({ok, changes = [], error}) {
  const said = ok ? [element("p", {class: "ok"}, changes.length ? "Reloaded:" : "Reloaded; no stage changed."),
    element("ul", {}, ...changes.map((change) => element("li", {}, change)))]
    : [element("p", {class: "wrong"}, "Not reloaded; what was running goes on."), element("pre", {}, error)];
  byId("reload-result").replaceChildren(...said);
  setAttribute(byId("reload-result"), "data-ok", ok);
  byId("reload-go").hidden = true;
  setText(byId("reload-close"), "Close");
}

// The theme follows the system until somebody chooses; auto is no attribute at all.
const THEMES = ["auto", "light", "dark"];
function setTheme(theme) {
  if (theme === "auto") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.dataset.theme = theme;
  localStorage.setItem("sluice-theme", theme);
  setText(byId("theme"), `Theme: ${theme}`);
}
const theme = () => document.documentElement.dataset.theme ?? "auto";
const nextTheme = () => setTheme(THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length]);

function focusFilter() {
  byId("tail-where").focus();
  byId("tail-where").select();
}

const KEYS = {
  "/": focusFilter,
  s: () => tail.toggle(),
  p: () => byId("tail-pause").click(),
  g: () => graph.focus(),
  r: openReload,
  d: nextTheme,
  "?": () => byId("help").showModal(),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea, dialog");
  if (event.key === "Escape" && typing && typing.tagName !== "DIALOG") return typing.blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return undefined;
  const act = Object.hasOwn(KEYS, event.key) ? KEYS[event.key] : null;
  if (act) event.preventDefault(), act();
  return undefined;
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); });
byId("reload-open").addEventListener("click", openReload);
byId("reload-go").addEventListener("click", reload);
byId("help-open").addEventListener("click", () => byId("help").showModal());
byId("theme").addEventListener("click", nextTheme);
setTheme(THEMES.includes(localStorage.getItem("sluice-theme")) ? localStorage.getItem("sluice-theme") : "auto");
poll();
