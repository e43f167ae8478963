// The list renews itself; an act is a button. Everything is put in as text, nothing as markup.
import { TEXTS } from "./texts.js";

const EVERY_MS = 3000;
const at = (id) => document.getElementById(id);
let language = (navigator.languages.find((each) => each in TEXTS || each.slice(0, 2) in TEXTS) || "ja").slice(0, 2);
let me = null;
let fleet = [];

const text = (key, ...given) => (typeof TEXTS[language][key] === "function" ? TEXTS[language][key](...given) : TEXTS[language][key]);
const time = (seconds) => (seconds < 100 ? text("seconds", seconds) : text("minutes", Math.floor(seconds / 60)));

function element(name, content, kind) {
  const made = document.createElement(name);
  if (content !== undefined) made.textContent = content;
  if (kind) made.className = kind;
  return made;
}

function say(key) {
  at("said").hidden = !key;
  at("said").textContent = key ? text(key) : "";
}

async function ask(path, body) {
  const options = body === undefined ? {} : {
    method: "POST", body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", "X-Madoguchi": me ? me.token : "" },
  };
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    return { code: "away" };
  }
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said;
  if (answer.status === 401 && me) { me = null; show(); return { code: "login" }; }
  return { code: said.code in TEXTS[language] ? said.code : "failed" };
}

function show() {
  document.documentElement.lang = language;
  at("title").textContent = document.title = text("title");
  at("language").textContent = text("language");
  at("leave").textContent = text("leave");
  for (const each of document.querySelectorAll("[data-text]")) each.textContent = text(each.dataset.text);
  at("login").hidden = Boolean(me);
  at("leave").hidden = at("list").hidden = !me;
  at("more").hidden = !me || !me.rights.includes("figures");
  if (!me) at("calls").hidden = at("alarms").hidden = true;
  at("figures").href = `figures/${new Date().toISOString().slice(0, 7)}.csv`;
  if (me) list();
}

function list() {
  const waiting = fleet.filter((each) => each.called_s >= 0 && !each.is_coming);
  const said = waiting.length ? text("waiting", waiting.length, waiting[0].kiosk, time(waiting[0].called_s)) : "";
  at("calls").hidden = !said;
  if (at("calls").textContent !== said) at("calls").textContent = said;
  const old = fleet.filter((each) => each.drift).map((each) => each.kiosk);
  const drift = old.length ? text("drift", old.length, old.slice(0, 5).join(", ")) : "";
  at("alarms").hidden = !drift;
  if (at("alarms").textContent !== drift) at("alarms").textContent = drift;
  at("list").replaceChildren(...fleet.map(card));
  at("list").dataset.ready = "yes";
}

function card(each) {
  const made = element("article");
  made.id = `kiosk-${each.kiosk}`;
  const calls = each.called_s >= 0;
  const wrong = ["silent", "out"].includes(each.service) || each.drift === "old" || each.is_halted;
  made.className = calls && !each.is_coming ? "called" : wrong ? "wrong" : each.drift || (each.incidents || []).length ? "warn" : "";
  made.append(element("h2", each.kiosk));
  const line = (content, kind) => made.append(element("p", content, kind));
  line(text(each.service) + (each.code ? ` · ${text("code", each.code)}` : ""), "state");
  if (calls) line(each.is_coming ? text("coming_said", time(each.called_s)) : text("called", time(each.called_s)), each.is_coming ? "state" : "alarm");
  if (each.is_halted) line(text("halted"), "alarm");
  if (each.drift) line(text(each.drift, each.version || "-"), "alarm");
  if (each.step) line(text("step", text("steps")[each.step] || each.step, time(each.step_s)));
  if (each.is_helped) line(text("helped"));
  if (each.is_training) line(text("training"), "alarm");
  if ((each.incidents || []).length) line(text("incidents", each.incidents.join(" ")));
  if ((each.troubles || []).length) made.append(element("p", text("troubles")), troubles(each.troubles));
  if (each.cash_code) line(text("no_cash", each.cash_code), "alarm");
  if ((each.supplies || []).length) made.append(supplies(each.supplies));
  if (each.cash && each.cash.length) made.append(cash(each.cash));
  line(each.ago_s === undefined ? text("never") : text("ago", time(each.ago_s)) + ` · ${text("version", each.version || "-")}`, "quiet");
  made.append(buttons(each, calls));
  return made;
}

// A device's name begins with what it is: certificate1, hopper100; what has no word here keeps its own.
const kind = (name) => text("devices")[name.replace(/[^a-z].*$/, "")];

function cell(name, what) {
  const made = element("td", [kind(name) || name, what].filter(Boolean).join(" "));
  if (kind(name)) made.append(element("span", name, "quiet"));
  return made;
}

function troubles(lines) {
  const made = element("ul");
  for (const each of lines) {
    const [name, ...codes] = each.split(" ");
    const said = codes.join(" ");
    made.append(element("li", text("trouble", kind(name) || name, text("codes")[said] || said)));
  }
  return made;
}

function supplies(levels) {
  const made = element("table");
  made.append(element("caption", text("supplies")));
  for (const each of levels) {
    const row = element("tr", undefined, each.is_low ? "low" : "");
    const level = [each.sheets >= 0 ? text("sheets", each.sheets) : "", each.is_low ? text("low") : each.sheets >= 0 ? "" : text("enough")];
    row.append(cell(each.device, text("whats")[each.what]), element("td", level.filter(Boolean).join(" ")));
    made.append(row);
  }
  return made;
}

function cash(units) {
  const made = element("table");
  made.append(element("caption", text("cash")));
  for (const each of units) {
    const row = element("tr");
    row.append(cell(each.unit), element("td", text("pieces", each.pieces)), element("td", text("yen", each.amount)));
    made.append(row);
  }
  return made;
}

function buttons(each, calls) {
  const made = element("div", undefined, "row");
  const button = (key, kind, act) => {
    const one = element("button", text(key), kind);
    one.type = "button";
    one.dataset.act = key;
    one.addEventListener("click", act);
    made.append(one);
  };
  if (calls && !each.is_coming && me.rights.includes("coming")) button("coming", "main", () => act(each.kiosk, "coming", {}));
  if (me.rights.includes("halt")) {
    const key = each.is_halted ? "resume" : "halt";
    button(key, each.is_halted ? "" : "stop", () => question(each.kiosk, key));
  }
  return made;
}

function question(kiosk, key) {
  const dialog = at("ask");
  at("ask-text").textContent = text(`ask_${key}`, kiosk);
  at("ask-yes").textContent = text(key);
  at("reason").value = "";
  dialog.returnValue = "";
  dialog.onclose = () => {
    if (dialog.returnValue === "yes" && at("reason").value.trim()) act(kiosk, key, { reason: at("reason").value.trim() });
  };
  dialog.showModal();
}

async function act(kiosk, what, body) {
  const answer = await ask(`kiosks/${kiosk}/${what}`, body);
  say(answer.code);
  await renew();
}

async function renew() {
  if (!me) return;
  const answer = await ask("fleet.json");
  if (answer.code) { say(answer.code); return; }
  if (!at("said").hidden && at("said").textContent === text("away")) say("");
  fleet = answer.kiosks;
  if (!at("ask").open) list();
}

at("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await ask("login", { name: at("name").value, password: at("password").value });
  at("password").value = "";
  if (answer.code) { say(answer.code); return; }
  me = answer;
  say("");
  await renew();
  show();
});
at("leave").addEventListener("click", async () => { await ask("logout", {}); me = null; fleet = []; show(); });
at("language").addEventListener("click", () => { language = language === "ja" ? "en" : "ja"; show(); });

const known = await ask("me");
if (!known.code) { me = known; await renew(); }
show();
setInterval(renew, EVERY_MS);
document.documentElement.dataset.ready = "yes";
