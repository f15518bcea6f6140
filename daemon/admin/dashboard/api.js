// Talking to the admin API. The token lives in sessionStorage: gone with the tab, and never in an address.

const TOKEN = "sluice-token";

class Unauthorized extends Error {}

// Everything the server refuses; `message` is what it said.
class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

function headers() {
  const token = sessionStorage.getItem(TOKEN);
  return token ? {Authorization: `Bearer ${token}`} : {};
}

async function ask(path, options = {}) {
  const answer = await fetch(path, {cache: "no-store", ...options, headers: {...headers(), ...options.headers}});
  if (answer.status === 401) throw new Unauthorized("unauthorized");
  return answer;
}

// The JSON of an answer; a refusal throws with the `error` that it names.
async function getJson(path) {
  const answer = await ask(path, {signal: AbortSignal.timeout(5000)});
  if (!answer.ok) throw await refusal(answer);
  return answer.json();
}

async function refusal(answer) {
  const text = await answer.text();
  let message = text || `${answer.status} ${answer.statusText}`;
  try {
    message = JSON.parse(text).error ?? message;
  } catch { /* not JSON: what it says is the message */ }
  return new Refused(answer.status, message);
}

// {ok, changes} or {ok: false, error}. The content type makes browsers ask before another site may send this.
async function postReload() {
  const answer = await ask("/api/reload", {method: "POST", body: "{}", headers: {"Content-Type": "application/json"}});
  if (answer.status === 409) return {ok: false, error: "Another reload is under way; try again when it is done."};
  if (!answer.ok) return {ok: false, error: (await refusal(answer)).message};
  return answer.json();
}

// Server-sent events by fetch, because EventSource cannot send a token. Calls handle(event, data) until the stream
// ends or the signal aborts it.
async function follow(path, signal, handle) {
  const answer = await ask(path, {signal});
  if (!answer.ok) throw await refusal(answer);
  handle("open", "");
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const {value, done} = await reader.read();
    if (done) return;
    const blocks = (rest + value).split(/\r?\n\r?\n/);
    rest = blocks.pop();
    for (const block of blocks) dispatch(block, handle);
  }
}

function dispatch(block, handle) {
  let event = "message";
  const data = [];
  for (const line of block.split(/\r?\n/)) {
    if (line.startsWith("event:")) event = line.slice(6).trim();
    else if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
  }
  if (data.length) handle(event, data.join("\n"));
}
