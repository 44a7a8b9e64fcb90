// The controls of a model's settings, and the settings file that fills them in.

import {$, el} from "./page.js";
import {changed, draft} from "./draft.js";
import * as steps from "./steps.js";

const TAKE = {name: "take", title: "Take", values: [], hint: "2 for another film", allowed: "any word or number: another film of the same files"};
const WORDS = {true: "yes", false: "no"};
const word = value => WORDS[value] || value;

export function showSettings() {
  $("settingspart").open = draft.model.settings.some(control => control.required);
  $("settings").replaceChildren(...[...draft.model.settings, TAKE].map(control => shown(control, "set-")));
  fillIn();
}

export function shown(control, prefix) {
  const id = prefix + control.name;
  const hint = control.default != null ? `default: ${word(control.default)}` : control.required ? "required" : "default";
  const input = control.values.length
    ? el("select", {id, "data-setting": control.name},
      el("option", {value: "", text: hint}), ...control.values.map(value => el("option", {value, text: word(value)})))
    : el("input", {id, type: "text", "data-setting": control.name, inputmode: control.numeric ? "numeric" : null,
      placeholder: control.color ? "#rrggbb" : control.default ?? control.hint ?? "", title: control.allowed, autocomplete: "off"});
  input.dataset.color = control.color ? "yes" : "";
  input.addEventListener("input", changed);
  return el("div", {}, el("label", {class: "label", for: id, text: control.title}), input);
}

export function valuesIn(box) {
  const said = {};
  for (const input of box.querySelectorAll("[data-setting]")) {
    const value = input.value.trim();
    const color = input.dataset.color && /^#?([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(value);
    if (color) said[input.dataset.setting] = {r: parseInt(color[1], 16), g: parseInt(color[2], 16), b: parseInt(color[3], 16)};
    else if (value) said[input.dataset.setting] = value;
  }
  return said;
}

export function chosenSettings() {
  const then = steps.chosen();
  return {...draft.extra, ...valuesIn($("settings")), ...(then.length ? {then} : {})};
}

// --- what fills them in

const spelled = name => name.replaceAll("-", "_");
export const controlIn = (box, name) => box.querySelector(`[data-setting="${CSS.escape(spelled(name))}"]`);

const asHex = ({r, g, b}) => "#" + [r, g, b].map(level => Number(level).toString(16).padStart(2, "0")).join("");

// Whether there is a control that can say this.
export function setIn(box, name, value) {
  const control = controlIn(box, name);
  if (!control) return false;
  const text = control.dataset.color && value && typeof value === "object" ? asHex(value) : String(value);
  control.value = text;
  return control.value === text && (typeof value !== "object" || Boolean(control.dataset.color));
}

export function take(name, text) {
  let said = null;
  try { said = JSON.parse(text); } catch { /* said stays null */ }
  if (said !== null && typeof said === "object" && !Array.isArray(said)) use(name, said);
  else spoil(name, "holds no JSON object");
}

export function use(name, said) {
  forget();
  draft.settings = {name, said, problem: ""};
  fillIn({fresh: true});
  $("settingspart").open = true;
}

export function spoil(name, problem) {
  forget();
  draft.settings = {name, said: null, problem};
}

// Put what the file says into the controls that there are; the rest is sent as it is, and the server judges it.
function fillIn({fresh = false} = {}) {
  draft.extra = {};
  for (const [key, value] of Object.entries(draft.settings?.said || {})) {
    if (key === "prompt" && draft.model.prompt && typeof value === "string") {
      // Filled in once: what somebody has written over it since is theirs.
      if (fresh) $("prompt").value = value;
    } else if (key === "then" && steps.fits(value)) {
      if (fresh) steps.fill(value);
    } else if (!setIn($("settings"), key, value)) draft.extra[key] = value;
  }
}

export function forget() {
  for (const [key, value] of Object.entries(draft.settings?.said || {})) {
    const control = controlIn($("settings"), key);
    if (control?.value === String(value)) control.value = "";
    if (key === "then") steps.fill([]);
  }
  draft.settings = null;
  draft.extra = {};
}
