// The files that somebody has chosen: which place each takes in the job, and the list of them.

import {$, el, facts} from "./page.js";
import {changed, draft} from "./draft.js";
import {forget, spoil, take} from "./settings.js";

const extensionOf = name => name.includes(".") ? name.split(".").pop().toLowerCase() : "";
const kindOf = file => facts.kinds[extensionOf(file.name)] || "";
const placesFor = file => draft.model.places.filter(place => place.kind === kindOf(file));
const rolesOf = file => placesFor(file).map(place => place.role);
const stemOf = name => name.replace(/\.[^.]*$/, "").replace(/\.(last|[1-9])$/, "");

export async function add(given) {
  draft.reading++;
  changed();
  for (const file of given) {
    const extension = extensionOf(file.name);
    if (extension === "txt") await addWords(file);
    else if (extension === "json") await addSettings(file);
    else addMedia(file);
  }
  draft.reading--;
  $("filespart").hidden = false;
  showFiles();
  changed();
}

function addMedia(file) {
  const roles = rolesOf(file), asked = (/\.(last|[1-9])\.[^.]*$/.exec(file.name) || [])[1];
  // A model with one place for it: the new file takes the old one's.
  if (roles.length === 1) draft.files = draft.files.filter(each => kindOf(each.file) !== kindOf(file));
  draft.files.push({file, role: roleFor(file, asked), url: kindOf(file) === "image" ? URL.createObjectURL(file) : ""});
  if (!draft.named && draft.files.length === 1) $("name").value = stemOf(file.name).replace(/^[._]+/, "");
}

// The role that is asked for, where the model has it and no other file plays it; else the first that is free.
function roleFor(file, asked) {
  const taken = draft.files.filter(each => kindOf(each.file) === kindOf(file)).map(each => each.role);
  const roles = rolesOf(file), free = roles.filter(role => !taken.includes(role));
  return free.includes(asked) ? asked : free[0] ?? roles[0] ?? "";
}

// Another model has other roles.
export function fitRoles() {
  const files = draft.files;
  draft.files = [];
  for (const each of files) draft.files.push({...each, role: roleFor(each.file, each.role)});
}

async function addSettings(file) {
  const {text, problem} = await read(file);
  if (problem) spoil(file.name, problem);
  else take(file.name, text);
}

async function addWords(file) {
  draft.words = {name: file.name, ...await read(file)};
  useWords();
}

// A prompt file becomes the prompt; where there is no place for it, it waits for another model.
export function useWords() {
  if (!draft.words || draft.words.text === null) return;
  if (draft.model.prompt) { $("prompt").value = draft.words.text.trim(); draft.words = null; }
  else draft.words.problem = `can not be used: ${draft.model.title} takes no prompt`;
}

async function read(file) {
  if (file.size > facts.longest_text) return {text: null, problem: `is longer than ${facts.longest_text / 1024} kB`};
  try {
    return {text: new TextDecoder("utf-8", {fatal: true}).decode(await file.arrayBuffer()), problem: ""};
  } catch { return {text: null, problem: "is no UTF-8 text"}; }
}

export function letGo() {
  for (const each of draft.files) if (each.url) URL.revokeObjectURL(each.url);
  draft.files = [];
  draft.words = null;
  forget();
}

// --- the list

export function showFiles() {
  const rows = draft.files.map(each => row(each.file.name, sizeOf(each.file), remover(() => {
    if (each.url) URL.revokeObjectURL(each.url);
    draft.files.splice(draft.files.indexOf(each), 1);
  }), each.url, roleOf(each)));
  const {settings, words} = draft;
  if (settings) rows.push(row(settings.name, settings.problem ? bad(settings.problem) : "settings, shown below", remover(forget)));
  if (words) rows.push(row(words.name, bad(words.problem), remover(() => { draft.words = null; })));
  $("files").replaceChildren(...rows);
}

function row(name, note, remove, url, role) {
  return el("li", {class: "file"},
    url ? el("img", {src: url, alt: ""}) : el("span", {class: "icon", "aria-hidden": "true", text: extensionOf(name) || "?"}),
    el("span", {class: "name"}, el("span", {text: name}), el("br"), el("span", {class: "soft small"}, note)),
    role || el("span"), el("button", {type: "button", "aria-label": `Remove ${name}`, text: "Remove", onclick: remove}));
}

const bad = problem => el("span", {class: "note bad", text: problem});
const sizeOf = file => file.size < 1e6 ? Math.ceil(file.size / 1e3) + " kB" : (file.size / 1e6).toFixed(1) + " MB";

function roleOf(each) {
  const places = placesFor(each.file);
  if (places.length < 2) return null;
  const chosen = event => { each.role = event.target.value; changed(); };
  return el("select", {"aria-label": `What ${each.file.name} is`, onchange: chosen}, ...places.map(place =>
    el("option", {value: place.role, selected: place.role === each.role,
      text: place.many ? `reference ${place.role}` : place.role === "last" ? "last picture" : place.role || "picture"})));
}

function remover(remove) {
  return event => {
    const index = [...$("files").children].indexOf(event.target.closest("li"));
    remove();
    showFiles();
    changed();
    ($("files").querySelectorAll("button")[Math.min(index, $("files").children.length - 1)] || $("picker")).focus();
  };
}

export function landing(target, take) {
  let depth = 0;
  const over = on => target.classList.toggle("over", on);
  target.addEventListener("dragenter", event => { event.preventDefault(); depth++; over(true); });
  target.addEventListener("dragleave", () => { if (--depth <= 0) { depth = 0; over(false); } });
  target.addEventListener("drop", event => {
    event.preventDefault();
    event.stopPropagation();
    depth = 0;
    over(false);
    take([...event.dataTransfer.files]);
  });
}
