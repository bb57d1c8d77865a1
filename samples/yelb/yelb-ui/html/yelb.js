// Yelb's page: asks the app server through /api and shows what it says.

const restaurants = [
  { id: "ihop", name: "IHOP", about: "Pancakes at any hour." },
  { id: "chipotle", name: "Chipotle", about: "Burritos, bowls, and the guacamole question." },
  { id: "outback", name: "Outback", about: "Steaks, and an onion in bloom." },
  { id: "bucadibeppo", name: "Buca di Beppo", about: "Italian dishes for the whole table." },
];
const refreshMillis = 2000;
const keptAnswers = 40;
const serverColors = ["#0f8a8a", "#8a4fd3", "#c2711a", "#4a7fd6", "#7b8f1e", "#c2498f"];

const byId = (id) => document.getElementById(id);

// element makes an element with attributes and children; a string among the children stays text, never becomes HTML.
function element(tag, attributes = {}, ...children) {
  const made = tag === "circle" ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function swatch(color) {
  const made = element("i", { class: "swatch" });
  if (color) made.style.setProperty("--color", color);
  return made;
}

// ask sends a request to the app server, notes who answered, and returns the answer's body.
async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(`/api/${path}`, { ...options, cache: "no-store", signal: AbortSignal.timeout(15000) });
  } catch {
    note({ failed: "no answer" });
    throw new Error("The app server did not answer.");
  }
  if (!response.ok) {
    note({ failed: `status ${response.status}` });
    throw new Error(`The app server answered with status ${response.status}.`);
  }
  note({ server: response.headers.get("Yelb-Server") ?? "unknown" });
  return response;
}

// --- who answered

const answers = [];
const colors = new Map();

function colorOf(server) {
  if (!colors.has(server)) colors.set(server, serverColors[colors.size % serverColors.length]);
  return colors.get(server);
}

function note(answer) {
  answers.push(answer);
  if (answers.length > keptAnswers) answers.shift();

  byId("answers").replaceChildren(...answers.map(({ server, failed }) => {
    const item = element("li", { title: failed ?? server }, element("span", { class: "visually-hidden" }, failed ?? server));
    if (failed) item.classList.add("failed");
    else item.style.setProperty("--color", colorOf(server));
    return item;
  }));

  const counts = new Map();
  for (const { server, failed } of answers) {
    const who = failed ? "failed" : server;
    counts.set(who, (counts.get(who) ?? 0) + 1);
  }
  byId("servers").replaceChildren(...[...counts].map(([who, count]) =>
    element("li", {}, swatch(who === "failed" ? "var(--failure)" : colorOf(who)), `${who}: ${count}`)));

  if (answer.server) {
    byId("hostname").textContent = answer.server;
    byId("hostname-swatch").style.setProperty("--color", colorOf(answer.server));
  }
}

// --- the votes

const shown = new Map();

function showVotes(votes) {
  for (const { name, value } of votes) showCount(name, value);
}

// showCount shows a restaurant's votes; gain, where there was one, floats beside them for a moment.
function showCount(id, value, gain = 0) {
  if (!restaurants.some((restaurant) => restaurant.id === id)) return;
  shown.set(id, value);
  const count = byId(`votes-${id}`);
  count.firstChild.data = String(value);
  if (gain > 0) {
    count.querySelector(".gain")?.remove();
    count.append(element("span", { class: "gain", "aria-hidden": "true" }, `+${gain}`));
  }
  drawChart();
}

function percent(part) {
  return part > 0 && part < 1 ? "< 1 %" : `${Math.round(part)} %`;
}

function drawChart() {
  const total = [...shown.values()].reduce((sum, value) => sum + value, 0);
  const part = (id) => (total ? ((shown.get(id) ?? 0) / total) * 100 : 0);

  let drawn = 0;
  for (const { id } of restaurants) {
    const slice = byId(`slice-${id}`);
    slice.setAttribute("stroke-dasharray", `${part(id)} ${100 - part(id)}`);
    slice.setAttribute("stroke-dashoffset", String(-drawn));
    slice.style.display = part(id) > 0 ? "" : "none";
    drawn += part(id);
    byId(`part-${id}`).textContent = percent(part(id));
  }
  byId("total").textContent = String(total);
  byId("chart-title").textContent = total
    ? `Votes: ${restaurants.map(({ id, name }) => `${name} ${shown.get(id) ?? 0}`).join(", ")}`
    : "No votes yet";
}

async function vote(restaurant, button) {
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  try {
    const before = shown.get(restaurant.id);
    const after = Number(await (await ask(restaurant.id, { method: "POST" })).text());
    showCount(restaurant.id, after, before === undefined ? 0 : after - before);
    say(`${restaurant.name} has ${after} votes.`, { quiet: true });
  } catch (failure) {
    say(`${failure.message} Your vote may not have been counted.`);
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

// --- the page

// say tells the visitor something; quietly, only those who listen to the page, as the others see it anyway.
function say(text, { quiet = false } = {}) {
  const message = byId("message");
  message.classList.toggle("visually-hidden", quiet);
  message.textContent = text;
}

function build() {
  for (const restaurant of restaurants) {
    const { id, name, about } = restaurant;
    const color = `--color: var(--${id})`;

    const button = element("button", { type: "button", id: `vote-${id}` }, "Vote", element("span", { class: "visually-hidden" }, ` for ${name}`));
    button.addEventListener("click", () => vote(restaurant, button));
    const card = element("li", { class: "restaurant" },
      element("h3", {}, name),
      element("p", {}, about),
      element("div", { class: "count", id: `votes-${id}` }, "–"),
      button);
    card.style.cssText = color;
    byId("restaurants").append(card);

    const slice = element("circle", { class: "slice", id: `slice-${id}`, cx: 100, cy: 100, r: 76, pathLength: 100, "stroke-dasharray": "0 100" });
    slice.style.cssText = color;
    byId("slices").append(slice);

    const entry = element("li", {}, swatch(), element("span", {}, name), element("span", { id: `part-${id}` }, "–"));
    entry.style.cssText = color;
    byId("legend").append(entry);
  }
}

async function load() {
  const [stats, votes] = await Promise.allSettled([ask("getstats"), ask("getvotes")]);
  if (stats.status === "fulfilled") byId("pageviews").textContent = String((await stats.value.json()).pageviews);
  if (votes.status === "fulfilled") showVotes(await votes.value.json());
  const failed = [stats, votes].find(({ status }) => status === "rejected");
  if (failed) say(failed.reason.message);
}

async function refresh() {
  if (byId("live").checked && !document.hidden) {
    try {
      showVotes(await (await ask("getvotes")).json());
    } catch {
      // The strip of answers shows it.
    }
  }
  setTimeout(refresh, refreshMillis);
}

build();
await load();
setTimeout(refresh, refreshMillis);
