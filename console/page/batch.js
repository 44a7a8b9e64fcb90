// Several films at once: what each would become, the sum, one button, and how far each is.

import {$, ask, count, el, say} from "./page.js";
import {isReady, show, showAll, stateOf, sum} from "./batchlist.js";
import {draft} from "./draft.js";
import {isOneFilm, filmsOf} from "./films.js";
import {fromPicker} from "./gather.js";
import {dropped as awaitJobs, states} from "./jobs.js";
import {extensionOf, judged} from "./names.js";
import {chosenSettings} from "./settings.js";
import {filmsOfTable} from "./table.js";
import {partsOf, send} from "./upload.js";

const AT_ONCE = 3;
const dropped = new Set();  // the films of this list that are, by model and name
let items = [], table = null, films = [], sending = false;

export function begin() {
  $("batchfiles").addEventListener("change", event => more(fromPicker(event.target)));
  $("batchsend").addEventListener("click", makeAll);
  $("batchclose").addEventListener("click", () => $("batch").close());
  // What is on its way is brought to its end.
  $("batch").addEventListener("cancel", event => { if (sending) event.preventDefault(); });
}

export const isSeveral = given => given.some(({path}) => extensionOf(path) === "csv") || !isOneFilm(draft.model, given);

export async function open(given) {
  [table, items, films] = [null, [], []];
  dropped.clear();
  $("batch").showModal();
  await more(given);
}

// What comes while the list is shown belongs to it.
export async function more(given) {
  if (sending) return leave(given.map(({path}) => `${path}: came while the others were on their way; drop it once more`));
  table = given.find(({path}) => extensionOf(path) === "csv") || table;
  items.push(...given.filter(({path}) => extensionOf(path) !== "csv"));
  await plan();
}

async function plan() {
  const found = await (table ? filmsOfTable(table, items, draft.model) : filmsOf(items, draft.model));
  films = found.films.map(film => dropped.has(keyOf(film)) ? {...film, state: "dropped", done: true} : {...film, state: "checking …", verdict: null});
  twice(films);
  $("batchleft").replaceChildren();
  leave(found.left);
  $("batchfilespart").hidden = !table;
  showAll(films, leaveOut);
  sum(films, sending);
  await each(films.filter(film => !film.done), check);
}

function leave(texts) {
  $("batchleft").append(...texts.map(text => el("li", {text})));
  $("batchleftpart").hidden = !$("batchleft").children.length;
}

const keyOf = film => `${film.model.id}/${film.name}`;

function twice(all) {
  const seen = new Set();
  for (const film of all) {
    const key = keyOf(film);
    if (seen.has(key)) film.mistakes.push(`there is another film called ${film.name}`);
    seen.add(key);
  }
}

async function each(all, act) {
  const waiting = [...all];
  await Promise.all(Array.from({length: AT_ONCE}, async () => { while (waiting.length) await act(waiting.shift()); }));
}

// What the form says counts for films of its model, where they say nothing themselves.
async function asked(film) {
  const same = film.model === draft.model;
  return {
    model: film.model.id, name: film.name,
    files: await judged(film.files),
    prompt: film.prompt || (same && draft.model.prompt ? $("prompt").value : ""),
    settings: {...(same ? chosenSettings() : {}), ...film.settings},
  };
}

async function check(film) {
  film.asked = await asked(film);
  try {
    film.verdict = await ask("/api/check", {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(film.asked)});
    film.state = stateOf(film);
  } catch (error) { film.state = error.message; }
  moved(film);
}

function moved(film) {
  show(film);
  sum(films, sending);
}

function leaveOut(film) {
  films.splice(films.indexOf(film), 1);
  film.row.remove();
  sum(films, sending);
  $("batchclose").focus();
}

// --- dropping

async function makeAll() {
  const ready = films.filter(isReady), before = states();
  sending = true;
  sum(films, sending);
  await each(ready, drop);
  sending = false;
  sum(films, sending);
  const done = ready.filter(film => film.done);
  say(`${count(done.length, "film")} dropped.`);
  if (films.every(film => film.done)) $("batch").close();
  await awaitJobs(done.map(film => ({place: film.verdict.place, title: film.model.title, before})));
}

async function drop(film) {
  const far = value => { film.far = value; show(film); };
  film.broken = false;
  try {
    await send(partsOf(film.verdict, {...film.asked, files: film.files}), far);
    Object.assign(film, {done: true, state: "dropped"});
    dropped.add(keyOf(film));
  } catch (error) { Object.assign(film, {broken: true, far: null, state: `Broke off: ${error.message}. Try again; nothing is sent twice.`}); }
  moved(film);
}
