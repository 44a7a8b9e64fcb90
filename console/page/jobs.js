// The list of jobs: a page of it, newest first, asked for every second and answered only where something has changed.

import {$, GONE, models, put, say} from "./page.js";
import * as filters from "./filters.js";
import {awaited, awaitedNodes, isAwaiting} from "./awaited.js";
import {errorOf, nameOf, newCard, stateOf, under, update} from "./card.js";
import * as costs from "./costs.js";
import {told, wanted} from "./notify.js";
import {follow, rowsOf} from "./rows.js";

const SECOND = 1000, HIDDEN = 10_000;
const cards = new Map();   // by job_id
let known = [], older = null, newer = [], after = null;   // the cursors of this page, of the next, and of those before
let etag = "", shown = "", looking = null, stop = new AbortController(), timer = 0;

export function begin() {
  filters.begin(() => turn(null, []));
  costs.begin();
  $("older").addEventListener("click", () => leaf(older, [...newer, after]));
  $("newer").addEventListener("click", () => leaf(newer.at(-1), newer.slice(0, -1)));
  $("jobs").addEventListener("look", look);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  look();
}

// Whether a drop at this place may be one of the jobs that are shown.
export const jobsAt = place => known.some(job => job.place === place && job.status !== "WAITING");

// How each job stands, to tell later whether a drop has moved it.
export const states = () => new Map(known.map(job => [job.job_id, job.status + job.attempt]));

// What was just dropped is the newest, and may be none of those that are filtered.
export async function dropped(drops) {
  awaited(drops);
  if (filters.any()) filters.clear();
  else await turn(null, []);
}

async function leaf(cursor, before) {
  await turn(cursor, before);
  $("list").scrollIntoView();
}

async function turn(cursor, before) {
  [after, newer] = [cursor, before];
  stop.abort();
  await look();
}

function address() {
  const asked = filters.query();
  asked.set("limit", 50);
  if (after) asked.set("after", after);
  return "/api/jobs?" + asked;
}

// One look at a time: whoever comes while there is one gets a look of their own after it. A slow stack is asked less often.
export async function look() {
  clearTimeout(timer);
  while (looking) await looking;
  const began = performance.now();
  looking = lookNow();
  await looking;
  looking = null;
  clearTimeout(timer);
  timer = setTimeout(again, Math.max(SECOND, 2 * (performance.now() - began)));
}

// A tab that nobody sees asks for nothing, but where somebody wants to be told.
function again() {
  if (!document.hidden) look();
  else if (wanted() && (isAwaiting() || known.some(under))) timer = setTimeout(look, HIDDEN);
}

async function lookNow() {
  const asked = address();
  stop = new AbortController();
  try {
    const answer = await fetch(asked, {signal: stop.signal, headers: etag && asked === shown ? {"If-None-Match": etag} : {}, cache: "no-store"});
    if (answer.status !== 304) {
      const body = await answer.json();
      if (answer.status === 400) return lost(body.message);
      if (!answer.ok) throw new Error(answer.statusText);
      ({jobs: known, next: older} = body);
      etag = answer.headers.get("ETag") || "";
      costs.refresh();
    }
  } catch (error) { return error.name === "AbortError" ? undefined : lost(); }
  $("lost").hidden = true;
  show(asked === shown);
  shown = asked;
}

function lost(why = GONE) {
  $("lost").hidden = false;
  put($("lost"), why);
}

// What is new on a page that was shown before is news; what a turned page shows is none.
function show(isNews) {
  const rows = rowsOf(known), seen = new Set();
  const nodes = rows.map(({job, steps}) => {
    const card = cardOf(job, seen, isNews), {story, follows} = card.parts;
    arrange(story, steps.map(step => cardOf(step, seen, isNews, true).node));
    story.hidden = !steps.length;
    const last = steps.at(-1) || job;
    put(follows, last.then ? whatFollows(last) : "");
    follows.hidden = !last.then;
    return card.node;
  });
  for (const id of [...cards.keys()]) if (!seen.has(id)) cards.delete(id);
  const waiting = awaitedNodes(known);
  arrange($("jobs"), [...waiting, ...nodes]);
  showPages(nodes.length + waiting.length);
  follow(rows, look);
}

function cardOf(job, seen, isNews, nested = false) {
  seen.add(job.job_id);
  if (!cards.has(job.job_id) || cards.get(job.job_id).nested !== nested) cards.set(job.job_id, newCard(job, nested));
  const card = cards.get(job.job_id), moved = update(card, job, models.find(model => model.id === job.model));
  if (moved && isNews) {
    say(`${nameOf(job)}: ${stateOf(job).toLowerCase()}${job.error ? ". " + errorOf(job).problem : ""}`);
    told(job);
  }
  return card;
}

function whatFollows(last) {
  if (under(last)) return "Another step follows.";
  return last.status === "SUCCEEDED" ? "The next step is about to begin." : "The row ends here: what follows needs this film.";
}

// Moved only where it is out of place: whoever has the focus in it would lose it.
function arrange(parent, nodes) {
  for (const child of [...parent.children]) if (!nodes.includes(child)) child.remove();
  nodes.forEach((node, index) => { if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] || null); });
}

function showPages(any) {
  $("none").hidden = any || filters.any();
  $("nomatch").hidden = any || !filters.any();
  $("clearfilters").hidden = !filters.any();
  $("pages").hidden = !older && !newer.length;
  $("older").disabled = !older;
  $("newer").disabled = !newer.length;
  put($("pageno"), `Page ${newer.length + 1}`);
}
