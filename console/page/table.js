// A table (CSV): a row is a film. Its columns are called as people or as settings files call things.

import {KINDS, models} from "./page.js";
import {baseOf, stemOf, textOf} from "./names.js";

// Rows of cells, as RFC 4180 has them; the separator is whichever the first line has most of.
export function cellsOf(text) {
  const head = text.split(/\r?\n/, 1)[0], most = [",", ";", "\t"].sort((a, b) => head.split(b).length - head.split(a).length)[0];
  const rows = [[]];
  const cell = new RegExp(`(?:"((?:[^"]|"")*)"|([^${most}\\r\\n]*))(${most}|\\r\\n|\\n|\\r|$)`, "gy");
  for (let found; cell.lastIndex < text.length && (found = cell.exec(text));) {
    rows.at(-1).push((found[1]?.replaceAll('""', '"') ?? found[2]).trim());
    if (found[3] !== most) rows.push([]);
  }
  return rows.filter(row => row.some(Boolean));
}

const plain = title => title.toLowerCase().replace(/[_-]/g, " ").split(",")[0].trim();

// What each place for a file may be called.
const placeNames = place => [plain(place.field), plain([place.role === "last" ? "last" : "", KINDS[place.kind], place.role === "last" ? "" : place.role].filter(Boolean).join(" "))];

// What a row's cell is: {name}, {prompt}, {model}, {place} or {setting}; null for none of them.
function columnOf(model, title) {
  const name = plain(title);
  if (["name", "prompt", "model"].includes(name)) return {[name]: true};
  const place = model.places.find(each => placeNames(each).includes(name));
  if (place) return {place};
  const control = model.settings.find(each => [plain(each.name), plain(each.title)].includes(name));
  return control ? {setting: control.name, control} : name === "take" ? {setting: name} : null;
}

export const titlesFor = model => ["name", ...(model.prompt ? ["prompt"] : []),
  ...new Set(model.places.map(place => placeNames(place)[1])), ...model.settings.map(control => control.title.split(",")[0].toLowerCase())];

export async function filmsOfTable(table, items, chosen) {
  const {text, problem} = await textOf(table.file);
  if (problem) return {films: [], left: [`${table.path} ${problem}`]};
  const [titles = [], ...rows] = cellsOf(text.replace(/^\ufeff/, "")), used = new Set();
  const films = rows.map((row, index) => filmOf(titles, row, index + 2, {items, chosen, used}));
  const left = items.filter(item => !used.has(item)).map(item => `${item.path}: no row names it`);
  return {films, left: rows.length ? left : [`${table.path}: has a first line of names, and no rows below it`, ...left]};
}

function filmOf(titles, row, line, {items, chosen, used}) {
  const named = row[titles.findIndex(title => plain(title) === "model")];
  const model = named ? models.find(each => [each.id, each.alias, each.title].includes(named)) : chosen;
  const film = {model: model || chosen, name: "", files: [], prompt: "", settings: {}, mistakes: []};
  if (!model) film.mistakes.push(`line ${line}: there is no model ${named}`);
  if (row.length > titles.length) film.mistakes.push(`line ${line}: has more cells than the first line has names`);
  titles.forEach((title, index) => { if (row[index]) fill(film, title, row[index], {items, used}); });
  film.name ||= film.files.length ? stemOf(film.model, film.files[0].file.name) : `film-${line - 1}`;
  return film;
}

function fill(film, title, value, {items, used}) {
  const column = columnOf(film.model, title);
  if (!column) film.mistakes.push(`${title}: ${film.model.title} has no such column; allowed: ${titlesFor(film.model).join(", ")}`);
  else if (column.name) film.name = value;
  else if (column.prompt) film.prompt = value;
  else if (column.setting) film.settings[column.setting] = wordOf(column.control, value);
  else if (column.place) takeFile(film, column.place, value, {items, used});
}

const wordOf = (control, value) => control?.values.includes("true") ? {yes: "true", no: "false"}[value.toLowerCase()] || value : value;

function takeFile(film, place, value, {items, used}) {
  if (/^(https|s3):\/\//.test(value)) {
    film.settings[place.field] = place.many ? [...film.settings[place.field] || [], value] : value;
    return;
  }
  const item = items.find(each => each.path === value || each.path.endsWith("/" + value)) || items.find(each => baseOf(each.path) === baseOf(value));
  if (!item) film.mistakes.push(`${value} is not among the files chosen beside the table`);
  else {
    used.add(item);
    film.files.push({file: item.file, role: place.role});
  }
}
