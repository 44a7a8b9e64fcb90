// The files that somebody has chosen for one film: which place each takes in it, and the list of them.

import {$, el, list, put} from "./page.js";
import {changed, draft} from "./draft.js";
import {extensionOf, kindOf, placesFor, roleIn, rolesOf, sizeOf, stemOf, textOf} from "./names.js";
import {forget, spoil, take} from "./settings.js";

export async function add(given) {
  draft.reading++;
  changed();
  const replaced = [];
  for (const {file} of given) {
    const extension = extensionOf(file.name);
    if (extension === "txt") await addWords(file);
    else if (extension === "json") await addSettings(file);
    else replaced.push(...addMedia(file));
  }
  draft.reading--;
  $("filespart").hidden = false;
  showFiles();
  note(replaced);
  changed();
}

// A model with one place for it: the new file takes the old one's, and nobody should have to find that out.
function note(replaced) {
  put($("filenote"), replaced.length ? `${list(replaced)} made room: ${draft.model.title} has one place for it.` : "");
  $("filenote").hidden = !replaced.length;
}

// The names of the files whose places it takes.
function addMedia(file, role = roleIn(file.name)) {
  const roles = rolesOf(draft.model, file.name);
  const gone = roles.length === 1 ? draft.files.filter(each => kindOf(each.file.name) === kindOf(file.name)) : [];
  draft.files = draft.files.filter(each => !gone.includes(each));
  draft.files.push({file, role: roleFor(file, role), url: kindOf(file.name) === "image" ? URL.createObjectURL(file) : ""});
  if (!draft.named && draft.files.length === 1) $("name").value = stemOf(draft.model, file.name).replace(/^[._]+/, "");
  return gone.map(each => each.file.name);
}

export const addAs = (file, role) => addMedia(file, role);

// The role that is asked for, where the model has it and no other file plays it; else the first that is free.
function roleFor(file, asked) {
  const taken = draft.files.filter(each => kindOf(each.file.name) === kindOf(file.name)).map(each => each.role);
  const roles = rolesOf(draft.model, file.name), free = roles.filter(role => !taken.includes(role));
  return free.includes(asked) ? asked : free[0] ?? roles[0] ?? "";
}

// Another model has other roles.
export function fitRoles() {
  const files = draft.files;
  draft.files = [];
  for (const each of files) draft.files.push({...each, role: roleFor(each.file, each.role)});
}

async function addSettings(file) {
  const {text, problem} = await textOf(file);
  if (problem) spoil(file.name, problem);
  else take(file.name, text);
}

async function addWords(file) {
  draft.words = {name: file.name, ...await textOf(file)};
  useWords();
}

// A prompt file becomes the prompt; where there is no place for it, it waits for another model.
export function useWords() {
  if (!draft.words || draft.words.text === null) return;
  if (draft.model.prompt) { $("prompt").value = draft.words.text.trim(); draft.words = null; }
  else draft.words.problem = `can not be used: ${draft.model.title} takes no prompt`;
}

export function letGo() {
  for (const each of draft.files) if (each.url) URL.revokeObjectURL(each.url);
  draft.files = [];
  draft.words = null;
  forget();
  note([]);
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
  // Two pictures may be the first and the last of one film, or of a film each.
  $("splitpart").hidden = new Set(draft.files.map(each => stemOf(draft.model, each.file.name))).size < 2;
}

function row(name, note, remove, url, role) {
  return el("li", {class: "file"},
    url ? el("img", {src: url, alt: ""}) : el("span", {class: "icon", "aria-hidden": "true", text: extensionOf(name) || "?"}),
    el("span", {class: "name"}, el("span", {text: name}), el("br"), el("span", {class: "soft small"}, note)),
    role || el("span"), el("button", {type: "button", "aria-label": `Remove ${name}`, text: "Remove", onclick: remove}));
}

const bad = problem => el("span", {class: "note bad", text: problem});

function roleOf(each) {
  const places = placesFor(draft.model, each.file.name);
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
