// Which jobs are shown: kept in the address, so that a reload or a bookmark shows them again.

import {$, el, models} from "./page.js";

const GROUPS = {
  "under way": ["SUBMITTING", "SUBMITTED", "DELIVERING"],
  "in need of somebody": ["WAITING", "HELD", "UNKNOWN", "FAILED", "EXPIRED", "REJECTED"],
};
const STATUSES = ["WAITING", "HELD", "SUBMITTING", "UNKNOWN", "SUBMITTED", "DELIVERING", "SUCCEEDED", "FAILED", "REJECTED", "EXPIRED"];
const NAMES = ["text", "status", "model", "day"];
let changed = () => {}, typing = 0;

export function begin(told) {
  changed = told;
  $("f-status").append(...Object.entries(GROUPS).map(([text, each]) => el("option", {value: each.join(" "), text})),
    el("hr"), ...STATUSES.map(each => el("option", {value: each, text: each.toLowerCase()})));
  $("f-model").append(...models.map(model => el("option", {value: model.id, text: model.title})));
  read();
  $("filters").addEventListener("submit", event => event.preventDefault());
  $("filters").addEventListener("input", event => {
    clearTimeout(typing);
    typing = setTimeout(written, event.target === $("f-text") ? 300 : 0);
  });
  $("clearfilters").addEventListener("click", () => { clear(); $("f-text").focus(); });
  addEventListener("hashchange", () => { if (!location.hash || location.hash.includes("=")) { read(); changed(); } });
}

function read() {
  const said = new URLSearchParams(location.hash.slice(1));
  for (const name of NAMES) choose($("f-" + name), name === "status" ? said.getAll("status").join(" ") : said.get(name) || "");
}

// A bookmark may name what the lists do not: it is shown as it is.
function choose(control, value) {
  if (control.options && ![...control.options].some(option => option.value === value)) control.append(el("option", {value, text: value.toLowerCase()}));
  control.value = value;
}

export function query() {
  const said = new URLSearchParams();
  for (const name of NAMES) {
    const value = $("f-" + name).value.trim();
    if (name === "status") value.split(" ").filter(Boolean).forEach(each => said.append(name, each));
    else if (value) said.set(name, value);
  }
  return said;
}

function written() {
  const said = String(query());
  history.replaceState(null, "", said ? "#" + said : location.pathname);
  changed();
}

export const any = () => String(query()) !== "";

export function clear() {
  for (const name of NAMES) $("f-" + name).value = "";
  written();
}

export function find(text) {
  for (const name of NAMES) $("f-" + name).value = name === "text" ? text : "";
  written();
}
