// Which films a heap of files becomes: one for each name, as the bucket has it.

import {modelNamed} from "./page.js";
import {baseOf, extensionOf, isLeftOut, kindOf, roleIn, rolesOf, stemOf, textOf} from "./names.js";

// Whether they are the parts of one film: no more of a kind than the model has places for.
export function isOneFilm(model, items) {
  const counts = {};
  for (const {path} of items) {
    if (path.includes("/")) return false;
    const kind = kindOf(path) || extensionOf(path);
    counts[kind] = (counts[kind] || 0) + 1;
  }
  return Object.entries(counts).every(([kind, number]) => number <= Math.max(1, model.places.filter(place => place.kind === kind).length));
}

// {films, left}: a film is {model, name, files, prompt, settings, mistakes}, and nothing is left out without a word.
export async function filmsOf(items, model) {
  const films = new Map(), left = [];
  for (const {file, path} of items) {
    const base = baseOf(path);
    if (base === "_defaults.json") left.push(`${path}: what counts for a whole folder is copied there from the shell`);
    else if (isLeftOut(base)) left.push(`${path}: no part of a film`);
    else {
      const found = placeOf(path, model), key = found.model.id + "/" + found.name;
      if (!films.has(key)) films.set(key, {...found, files: [], prompt: "", settings: {}, mistakes: []});
      await take(films.get(key), file, base);
    }
  }
  return {films: [...films.values()], left};
}

// A folder that is called like a model is that model's, as in the bucket; the folders below it are kept.
function placeOf(path, chosen) {
  const folders = path.split("/").slice(0, -1);
  const at = folders.findIndex(modelNamed), model = modelNamed(folders[at]) || chosen;
  return {model, name: [...folders.slice(at + 1), stemOf(model, baseOf(path))].join("/")};
}

async function take(film, file, base) {
  const extension = extensionOf(base);
  if (extension !== "txt" && extension !== "json") {
    const role = roleIn(base);
    film.files.push({file, role: rolesOf(film.model, base).includes(role) ? role : ""});
    return;
  }
  const {text, problem} = await textOf(file);
  if (problem) film.mistakes.push(`${base} ${problem}`);
  else if (extension === "txt") film.prompt = text.trim();
  else takeSettings(film, base, text);
}

function takeSettings(film, base, text) {
  try { film.settings = JSON.parse(text); } catch { film.settings = null; }
  if (Object(film.settings) === film.settings && !Array.isArray(film.settings)) return;
  film.settings = {};
  film.mistakes.push(`${base} holds no JSON object`);
}
