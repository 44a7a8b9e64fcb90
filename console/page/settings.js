// The controls of a model's settings, and the settings file that fills them in.

import {$, el} from "./page.js";
import {changed, draft} from "./draft.js";

const TAKE = {name: "take", values: [], hint: "2 for another film", allowed: "any word or number: another film of the same files"};

export function showSettings() {
  $("settingspart").open = draft.model.settings.some(control => control.required);
  $("settings").replaceChildren(...[...draft.model.settings, TAKE].map(shown));
  fillIn();
}

function shown(control) {
  const id = "set-" + control.name;
  const hint = control.default != null ? `default: ${control.default}` : control.required ? "required" : "default";
  const input = control.values.length
    ? el("select", {id, "data-setting": control.name},
      el("option", {value: "", text: hint}), ...control.values.map(value => el("option", {value, text: value})))
    : el("input", {id, type: "text", "data-setting": control.name, inputmode: control.numeric ? "numeric" : null,
      placeholder: control.color ? "#rrggbb" : control.default ?? control.hint ?? "", title: control.allowed, autocomplete: "off"});
  input.dataset.color = control.color ? "yes" : "";
  input.addEventListener("input", changed);
  return el("div", {}, el("label", {class: "label", for: id, text: control.name.replaceAll("_", " ")}), input);
}

export function chosenSettings() {
  const said = {...draft.extra};
  for (const input of document.querySelectorAll("[data-setting]")) {
    const value = input.value.trim();
    const color = input.dataset.color && /^#?([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(value);
    if (color) said[input.dataset.setting] = {r: parseInt(color[1], 16), g: parseInt(color[2], 16), b: parseInt(color[3], 16)};
    else if (value) said[input.dataset.setting] = value;
  }
  return said;
}

// --- the settings file

const controlFor = name => document.querySelector(`[data-setting="${CSS.escape(name.replaceAll("-", "_"))}"]`);

export function take(name, text) {
  let said = null;
  try { said = JSON.parse(text); } catch { /* said stays null */ }
  const sound = said !== null && typeof said === "object" && !Array.isArray(said);
  forget();
  draft.settings = {name, said: sound ? said : null, problem: sound ? "" : "holds no JSON object"};
  fillIn({fresh: true});
  if (sound) $("settingspart").open = true;
}

export function spoil(name, problem) {
  forget();
  draft.settings = {name, said: null, problem};
}

// Put what the file says into the controls that there are; the rest is sent as it is, and the server judges it.
function fillIn({fresh = false} = {}) {
  draft.extra = {};
  for (const [key, value] of Object.entries(draft.settings?.said || {})) {
    const control = controlFor(key);
    if (control && typeof value !== "object") control.value = String(value);
    if (key === "prompt" && draft.model.prompt && typeof value === "string") {
      // Filled in once: what somebody has written over it since is theirs.
      if (fresh) $("prompt").value = value;
    } else if (control?.value !== String(value)) draft.extra[key] = value;
  }
}

export function forget() {
  for (const [key, value] of Object.entries(draft.settings?.said || {})) {
    const control = controlFor(key);
    if (control?.value === String(value)) control.value = "";
  }
  draft.settings = null;
  draft.extra = {};
}
