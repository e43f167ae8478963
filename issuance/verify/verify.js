// The public verification page. Everything is decoded and verified here; the only thing ever sent is a 発行番号, and only
// of a code whose signature is good. The codes' form is that of issuance/seal.py (docs/adr/0013 and 0014).

import { TEXTS } from "./texts.js";

const EDDSA = -8, DEFLATED = 65000;
const MOST_BYTES = 64000;
const $ = (id) => document.getElementById(id);

let words = TEXTS[navigator.language.startsWith("ja") ? "ja" : "en"];
let known = null; // { town, keys: Map(id -> CryptoKey), kinds }
let shown = null; // what is on the page, to say it again in another language

class NotOurs extends Error {}

// ---- what a code holds

function base64url(text) {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) throw new NotOurs();
  const raw = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(raw, (each) => each.charCodeAt(0));
}

function base32(text) {
  if (!/^[A-Z2-7]+$/.test(text)) throw new NotOurs();
  const out = new Uint8Array(Math.floor((text.length * 5) / 8));
  let bits = 0, have = 0, at = 0;
  for (const char of text) {
    bits = ((bits << 5) | "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(char)) & 0xffff;
    have += 5;
    if (have >= 8) { have -= 8; out[at++] = bits >> have; }
  }
  return out;
}

// What we use of CBOR (RFC 8949): integers, byte and text strings, arrays, maps.
class Reader {
  constructor(bytes) { this.bytes = bytes; this.at = 0; }
  take(length) {
    if (this.at + length > this.bytes.length) throw new NotOurs();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
  item(depth = 0) {
    if (depth > 8) throw new NotOurs();
    const first = this.take(1)[0];
    const major = first >> 5, small = first & 31;
    if (small > 27 || major > 5) throw new NotOurs();
    let value = small;
    if (small > 23) value = this.take(1 << (small - 24)).reduce((sum, each) => sum * 256 + each, 0);
    if (major === 0) return value;
    if (major === 1) return -1 - value;
    if (major === 2) return this.take(value);
    if (major === 3) return new TextDecoder("utf-8", { fatal: true }).decode(this.take(value));
    if (value > this.bytes.length) throw new NotOurs();
    if (major === 4) return Array.from({ length: value }, () => this.item(depth + 1));
    const map = new Map();
    for (let pair = 0; pair < value; pair++) map.set(this.item(depth + 1), this.item(depth + 1));
    return map;
  }
  get isDone() { return this.at === this.bytes.length; }
}

function head(major, value) {
  if (value < 24) return [(major << 5) | value];
  if (value < 256) return [(major << 5) | 24, value];
  return [(major << 5) | 25, value >> 8, value & 255];
}

// Sig_structure (RFC 9052 §4.4): ["Signature1", protected, h'', payload]
function toBeSigned(header, payload) {
  const context = new TextEncoder().encode("Signature1");
  return Uint8Array.from([
    0x84, ...head(3, context.length), ...context, ...head(2, header.length), ...header, 0x40,
    ...head(2, payload.length), ...payload,
  ]);
}

async function inflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const parts = [];
  let length = 0;
  for (const reader = stream.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > MOST_BYTES) throw new NotOurs();
    parts.push(value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

const hex = (bytes) => Array.from(bytes, (each) => each.toString(16).padStart(2, "0")).join("");

// { claim, sheet? } of a code's text; NotOurs when no key of this town signed it.
async function opened(text) {
  const fragment = text.trim().replace(/^[^#]*#/, "");
  const isBack = fragment.startsWith("B.");
  const data = isBack ? base32(fragment.slice(2)) : base64url(fragment);
  if (data[0] !== 0xd2) throw new NotOurs();
  const cose = new Reader(data.subarray(1));
  const parts = cose.item();
  if (!Array.isArray(parts) || parts.length !== 4 || !cose.isDone) throw new NotOurs();
  const [header, bare, payload, signature] = parts;
  if (![header, payload, signature].every((each) => each instanceof Uint8Array)) throw new NotOurs();
  if (!(bare instanceof Map) || bare.size) throw new NotOurs();
  const said = new Reader(header).item();
  const wanted = isBack ? DEFLATED : undefined;
  if (!(said instanceof Map) || said.get(1) !== EDDSA || said.get(3) !== wanted) throw new NotOurs();
  const key = said.get(4) instanceof Uint8Array ? known.keys.get(hex(said.get(4))) : undefined;
  if (!key || !(await crypto.subtle.verify("Ed25519", key, signature, toBeSigned(header, payload)))) throw new NotOurs();
  const map = new Reader(isBack ? await inflated(payload) : payload).item();
  const [town, kind, serial, at] = [1, 2, 3, 4].map((label) => map.get(label));
  const claim = { town, kind, serial, at };
  if (!isBack) return { claim };
  const [number, total, title, fields, headings, table, rows] = [5, 6, 7, 8, 9, 10, 11].map((label) => map.get(label));
  return { claim, sheet: { number, total, title, fields, headings, table, rows } };
}

// ---- the page

function element(name, text, more = {}) {
  const made = Object.assign(document.createElement(name), more);
  made.textContent = text;
  return made;
}

// A letter with a variation selector may look like another here: its code points stand below it.
function value(text) {
  const cell = element("dd", text || "　");
  const chosen = text.match(/.[\u{E0100}-\u{E01EF}]/gu);
  if (chosen) {
    const points = (each) => Array.from(each, (char) => "U+" + char.codePointAt(0).toString(16).toUpperCase()).join(" ");
    cell.append(element("span", chosen.map((each) => `${each} = ${points(each)}`).join("　"), { className: "shape" }));
  }
  return cell;
}

// What is empty is not on the paper: a row of foreign residents beside a Japanese name.
function list(pairs) {
  const made = document.createElement("dl");
  for (const [heading, text] of pairs) if (text) made.append(element("dt", heading), value(text));
  return made;
}

function say() {
  document.documentElement.lang = words.lang;
  document.title = words.title;
  for (const each of document.querySelectorAll("[data-text]")) each.textContent = words[each.dataset.text];
  $("language").textContent = words.other;
  $("town").textContent = known ? known.town : "";
  if (!shown) return;
  $("result").hidden = false;
  $("result").className = shown.verdict === "good" ? "good" : "bad";
  $("verdict").textContent = words[shown.verdict];
  $("why").textContent = words[shown.verdict + "Why"] ?? "";
  $("original").hidden = shown.verdict !== "good";
  const { claim, sheet } = shown;
  $("about").replaceChildren();
  $("said").hidden = !sheet;
  $("status").hidden = !shown.status;
  if (shown.status) {
    $("status").className = shown.status;
    $("status").textContent = words["status_" + shown.status];
  }
  if (!claim) return;
  const at = new Date(claim.at * 1000).toLocaleString(words.lang, { timeZone: "Asia/Tokyo", dateStyle: "long", timeStyle: "short" });
  const about = [[words.kind, known.kinds[claim.kind] ?? claim.kind], [words.serial, claim.serial], [words.at, at]];
  if (sheet) about.push([words.page, `${sheet.number} / ${sheet.total}`]);
  for (const [heading, text] of about) $("about").append(element("dt", heading), element("dd", text));
  if (!sheet) return;
  $("sheet").replaceChildren(element("h4", sheet.title), list(sheet.fields));
  sheet.table.forEach((line, at) => {
    $("sheet").append(element("h4", `${at + 1}`), list(line.map((text, column) => [sheet.headings[column], text])));
  });
  if (sheet.rows.length) $("sheet").append(list(sheet.rows.map(([label, text, aside]) => [label, aside ? `${text}　${aside}` : text || "　"])));
}

async function statusOf(serial) {
  try {
    const answer = await fetch("papers/" + encodeURIComponent(serial), { credentials: "omit", cache: "no-store" });
    const { state } = await answer.json();
    return ["issued", "void", "unknown"].includes(state) ? state : "silent";
  } catch {
    return "silent";
  }
}

async function check(text) {
  try {
    shown = { verdict: "good", ...(await opened(text)) };
  } catch {
    shown = { verdict: known.keys.size ? "bad" : "cannotHere" };
    say();
    return;
  }
  say();
  const mine = shown;
  mine.status = await statusOf(mine.claim.serial);
  if (shown === mine) say();
}

// ---- a picture of the code: never sent anywhere

async function codesIn(file) {
  const bitmap = await createImageBitmap(file);
  if ("BarcodeDetector" in window) {
    const found = await new BarcodeDetector({ formats: ["qr_code"] }).detect(bitmap);
    return found.map((each) => each.rawValue);
  }
  const decode = (await import("./qr/decode.js")).default; // a town may put it there: README.md
  const scale = Math.min(1, 2400 / Math.max(bitmap.width, bitmap.height));
  const canvas = new OffscreenCanvas(Math.round(bitmap.width * scale), Math.round(bitmap.height * scale));
  const pen = canvas.getContext("2d");
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return [decode(pen.getImageData(0, 0, canvas.width, canvas.height))];
}

async function look(file) {
  $("cannot").hidden = true;
  try {
    const [text] = await codesIn(file);
    if (!text) throw new Error("no code");
    await check(text);
  } catch {
    $("cannot").hidden = false;
  }
}

async function begin() {
  const answer = await (await fetch("keys.json", { credentials: "omit" })).json();
  const keys = new Map();
  for (const each of answer.keys) {
    try {
      keys.set(each.id, await crypto.subtle.importKey("raw", base64url(each.key), "Ed25519", false, ["verify"]));
    } catch {
      // an old browser, or not https: said when a code is to be checked
    }
  }
  known = { town: answer.town, kinds: answer.kinds, keys };
  say();
  $("language").addEventListener("click", () => { words = TEXTS[words.lang === "ja" ? "en" : "ja"]; say(); });
  $("check").addEventListener("click", () => check($("text").value));
  $("picture").addEventListener("change", (event) => event.target.files[0] && look(event.target.files[0]));
  window.addEventListener("hashchange", () => location.hash.length > 1 && check(location.hash));
  if (location.hash.length > 1) {
    const hash = location.hash;
    // Not in the history, not in a bookmark, not in a screenshot of the address.
    history.replaceState(null, "", location.pathname);
    await check(hash);
  }
  document.documentElement.dataset.ready = "yes";
}

say();
begin();
