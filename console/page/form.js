// The form: a model, what it is made of, and the button.

import {$, KINDS, addressOf, ask, el, list, put, say} from "./page.js";
import {changed, draft} from "./draft.js";
import {add, fitRoles, landing, letGo, showFiles, useWords} from "./files.js";
import {dropped, states} from "./jobs.js";
import {showSettings} from "./settings.js";
import {check, checkNow, mayBeSent, nowSending, refuse, verdict} from "./verdict.js";

let busy = false;

export function begin(models) {
  showModels(models);
  $("form").addEventListener("changed", check);
  $("form").addEventListener("submit", event => { event.preventDefault(); send(); });
  $("clear").addEventListener("click", () => { startOver(); ($("prompt").closest("[hidden]") ? $("picker") : $("prompt")).focus(); });
  $("picker").addEventListener("change", event => { add([...event.target.files]); event.target.value = ""; });
  $("prompt").addEventListener("input", changed);
  $("name").addEventListener("input", () => { draft.named = $("name").value.trim() !== ""; changed(); });
  landing($("zone"), add);
  // Dropped beside the mark: take it all the same, before the browser leaves the page for it.
  document.addEventListener("dragover", event => event.preventDefault());
  document.addEventListener("drop", event => { event.preventDefault(); if (event.dataTransfer.files.length) add([...event.dataTransfer.files]); });
  choose(models[0]);
}

function showModels(models) {
  const groups = new Map();
  for (const each of models) {
    const group = "From " + (list(each.needs.map(need => "a " + KINDS[need])) || "text");
    groups.set(group, [...groups.get(group) || [], each]);
  }
  $("models").replaceChildren(...[...groups].map(([group, members], index) =>
    el("div", {class: "group", role: "group", "aria-labelledby": "group" + index},
      el("span", {class: "soft small", id: "group" + index, text: group}), el("div", {class: "models"}, ...members.map(modelCard)))));
}

function modelCard(model) {
  const radio = el("input", {class: "hidden", type: "radio", name: "model", value: model.id, onchange: () => choose(model)});
  const card = el("label", {class: "model", "data-model": model.id}, radio, el("span", {text: model.title}));
  landing(card, given => { choose(model); add(given); });
  return card;
}

function choose(model) {
  draft.model = model;
  document.querySelector(`input[name=model][value="${CSS.escape(model.id)}"]`).checked = true;
  const formats = new Set(model.places.flatMap(place => place.formats));
  $("filespart").hidden = !formats.size && !draft.files.length && !draft.settings && !draft.words;
  $("picker").accept = [...formats, "txt", "json"].map(format => "." + format).join(",");
  put($("takes"), takes(model));
  $("promptpart").hidden = !model.prompt;
  $("promptoptional").hidden = Boolean(model.prompt?.required);
  $("prompt").setAttribute("aria-required", String(Boolean(model.prompt?.required)));
  useWords();
  fitRoles();
  showSettings();
  showFiles();
  changed();
}

function takes(model) {
  const kinds = [...new Set(model.places.map(place => place.kind))].map(kind => {
    const places = model.places.filter(place => place.kind === kind);
    const optional = places.some(place => place.required) ? "" : " (optional)";
    return (places.length > 1 ? KINDS[kind] + "s" : "a " + KINDS[kind]) + optional + ": " + places[0].formats.join(", ");
  });
  return kinds.join(" · ") || "This model takes no files.";
}

// --- dropping

async function send() {
  if (busy) return;
  if (!mayBeSent() && !verdict) await checkNow();
  if (!mayBeSent()) { say($("verdict").innerText || "Not ready yet"); return; }
  const {asked, place} = verdict;
  const parts = partsOf(verdict), before = states();
  busy = true;
  nowSending(true);
  try {
    for (const [key, body] of parts) await ask("/api/inbox/" + addressOf(key), {method: "PUT", body});
  } catch (error) {
    refuse(`Dropping broke off: ${error.message}. Try again; nothing is sent twice.`);
    return;
  } finally {
    busy = false;
    nowSending(false);
  }
  say(`Dropped ${asked.name}.`);
  const {title} = draft.model;
  startOver();
  await dropped({place, title, before});
  // On a phone the jobs are further down.
  if ($("list").getBoundingClientRect().top > innerHeight) $("list").scrollIntoView();
}

// Required parts come last: if something breaks off on the way, the job still waits and nothing is sent.
function partsOf({keys, prompt_key, settings_key, asked}) {
  const parts = draft.files.map((each, index) => [keys[index], each.file]);
  if (Object.keys(asked.settings).length) parts.unshift([settings_key, JSON.stringify(asked.settings)]);
  if (asked.prompt.trim()) parts.push([prompt_key, asked.prompt.trim()]);
  return parts;
}

function startOver() {
  letGo();
  draft.named = false;
  $("prompt").value = $("name").value = $("picker").value = "";
  choose(draft.model);
}
