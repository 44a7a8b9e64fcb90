// What would become of the drop: its price, or what is wrong or missing.

import {$, ask, dollars, el, facts, list, partName, put, small, titleOf} from "./page.js";
import {draft, spoiled} from "./draft.js";
import {jobsAt} from "./jobs.js";
import {judged} from "./names.js";
import {chosenSettings} from "./settings.js";
import {modelAt} from "./steps.js";

let checks = 0, timer = 0, sending = false;
export let verdict = null;

export function check() {
  clearTimeout(timer);
  // An answer that is still on its way is about what was there before.
  checks++;
  verdict = null;
  mayBeSent();
  timer = setTimeout(checkNow, 200);
}

async function intended() {
  const words = $("prompt").value.toLowerCase().match(/[\p{L}\p{N}]+/gu) || [];
  if (!draft.named && !draft.files.length) $("name").value = words.slice(0, 5).join("-");
  return {
    model: draft.model.id,
    name: $("name").value.trim() || "film",
    files: await judged(draft.files),
    prompt: draft.model.prompt ? $("prompt").value : "",
    settings: chosenSettings(),
  };
}

export async function checkNow() {
  const mine = ++checks, asked = await intended();
  if (mine !== checks) return;
  const chosen = Object.keys(asked.settings).filter(name => name !== "then").length;
  put($("chosen"), chosen ? `${chosen} chosen` : "all at their defaults");
  let found;
  try {
    found = await ask("/api/check", {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(asked)});
  } catch (error) {
    if (mine === checks) refuse(error.message);
    return;
  }
  if (mine !== checks) return;
  verdict = {...found, mistakes: [...spoiled(), ...found.mistakes], asked};
  show(verdict);
}

function show(found) {
  const wrong = found.mistakes.length > 0, lines = wrong ? found.mistakes.flatMap(mistakeLines) : found.missing.length ? missingLines(found.missing) : priceLines(found);
  $("verdict").className = "verdict" + (wrong ? " bad" : "");
  if (found.present.length) lines.push(small("Already in the inbox under this name, and counts too: " + list(found.present.map(key => key.split("/").pop()))));
  if (!wrong && found.place && jobsAt(found.place)) lines.push(small("There is a job of this name. The very same files are the same job and are not paid again; for another film of them, choose another take in the settings."));
  // Said again only where it is something else: this is read aloud.
  const text = nodes => nodes.map(node => node.textContent).join("\n");
  if (text([...$("verdict").children]) !== text(lines)) $("verdict").replaceChildren(...lines);
  mark(found.mistakes);
  mayBeSent();
}

// "step 2, output_format" of the server's is a control of that step's.
function placeOf(field) {
  const [, number, name] = /^step (\d), (.*)$/.exec(field) || [null, "", field];
  return {number, name, id: number ? `set-${number}-${name}` : `set-${name}`};
}

function fieldName(model, field) {
  const {number, name} = placeOf(field);
  return number ? `Step ${number}, ${titleOf(modelAt(Number(number)) || model, name)}` : titleOf(model, name);
}

export const mistakeText = (model, {field, problem, allowed}) => `${fieldName(model, field)}: ${problem}` + (allowed ? ` (allowed: ${allowed})` : "");

function mistakeLines(wrong) {
  const lines = [el("p", {}, el("strong", {text: fieldName(draft.model, wrong.field) + ": "}), wrong.problem)];
  return wrong.allowed ? [...lines, small("Allowed: " + wrong.allowed)] : lines;
}

function missingLines(missing) {
  return [el("p", {text: "Still missing: " + list(missing.map(field => partName(draft.model, field)))})];
}

function priceLines({price_usd: usd, prices = []}) {
  const paid = facts.paid_gateways[draft.model.gateway];
  if (usd == null) return [el("p", {text: paid ? "The gateway documents no price for this." : "Ready. Nothing is paid: the gateway is simulated."})];
  const lines = [el("p", {}, el("span", {class: "price", text: dollars(usd)}), " ",
    paid ? "by the gateway's price list" : "at the real gateway; this one is simulated and takes nothing")];
  if (prices.length > 1) lines.push(small(prices.map((price, index) => `step ${index + 1}: ${price == null ? "no price listed" : dollars(price)}`).join(" · ")));
  return lines;
}

// Marks the controls that are to blame.
function mark(mistakes) {
  for (const input of document.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  mistakes.forEach(blame);
}

function blame(wrong) {
  const fixed = {name: "name", folder: "name", prompt: "prompt", file: "picker"}, {number, name, id} = placeOf(wrong.field);
  const blamed = $(id) || $(number ? `step-${number}` : fixed[name]);
  if (!blamed) return;
  blamed.setAttribute("aria-invalid", "true");
  blamed.setAttribute("aria-errormessage", "verdict");
  const part = blamed.closest("details");
  if (part) part.open = true;
}

export function refuse(message) {
  verdict = null;
  $("verdict").className = "verdict bad";
  $("verdict").replaceChildren(el("p", {text: message}));
  mayBeSent();
}

export function nowSending(on) {
  sending = on;
  $("farpart").hidden = !on;
  $("far").value = 0;
  mayBeSent();
}

export function mayBeSent() {
  const ready = Boolean(verdict && !verdict.mistakes.length && !verdict.missing.length && !sending && !draft.reading);
  $("send").setAttribute("aria-disabled", String(!ready));
  const paid = draft.model && facts.paid_gateways[draft.model.gateway];
  put($("send"), sending ? "Dropping …" : ready && paid && verdict.price_usd != null ? `Make the film for ${dollars(verdict.price_usd)}` : "Make the film");
  return ready;
}
