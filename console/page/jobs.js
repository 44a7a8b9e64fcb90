// The list of jobs, newest first, and what was dropped and is no job yet.

import {$, el, facts, put, say} from "./page.js";
import {errorOf, head, nameOf, newCard, stateOf, update} from "./card.js";

const cards = new Map();   // by job_id
let models = new Map();    // by id
let awaited = [];          // {place, title, before, since, node}: dropped, and no job yet
let etag = "", known = [], loaded = false;

export async function begin(described) {
  models = new Map(described.map(model => [model.id, model]));
  await look();
  setInterval(() => { if (!document.hidden) look(); }, 1000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
}

// Whether a drop at this place may be one of the jobs that there are.
export const jobsAt = place => [...cards.values()].some(({job}) => job.place === place && job.status !== "WAITING");

// How each job stands, to tell later whether a drop has moved it.
export const states = () => new Map([...cards].map(([id, {job}]) => [id, job.status + job.attempt]));

export async function dropped({place, title, before}) {
  awaited.push({place, title, before, since: Date.now()});
  await look();
}

async function look() {
  try {
    const answer = await fetch("/api/jobs", {headers: etag ? {"If-None-Match": etag} : {}, cache: "no-store"});
    if (answer.status !== 304) {
      if (!answer.ok) throw new Error(answer.statusText);
      known = await answer.json();
      etag = answer.headers.get("ETag") || "";
    }
  } catch {
    lost();
    return;
  }
  $("lost").hidden = true;
  show();
  loaded = true;
  showAwaited();
  $("none").hidden = Boolean($("jobs").children.length);
}

export function lost() {
  $("lost").hidden = false;
  put($("lost"), "The stack does not answer. Is dropreel up still running?");
}

function show() {
  const ids = new Set(known.map(job => job.job_id));
  for (const [id, card] of cards) if (!ids.has(id)) { card.node.remove(); cards.delete(id); }
  let behind = null;
  for (const job of known) {
    if (!cards.has(job.job_id)) cards.set(job.job_id, newCard(job));
    const card = cards.get(job.job_id);
    const moved = update(card, job, models.get(job.model));
    if (moved && loaded) say(`${nameOf(job)}: ${stateOf(job).toLowerCase()}${job.error ? ". " + errorOf(job).problem : ""}`);
    // Moved only where it is out of place: a film that is moved stops.
    const right = behind ? behind.nextElementSibling : [...$("jobs").children].find(node => node.dataset.job) || null;
    if (right !== card.node) behind ? behind.after(card.node) : $("jobs").insertBefore(card.node, right);
    behind = card.node;
  }
}

function showAwaited() {
  awaited = awaited.filter(each => {
    const found = known.filter(job => job.place === each.place);
    const waited = (Date.now() - each.since) / 1000 - facts.quiet_seconds;
    const moved = found.some(job => each.before.get(job.job_id) !== job.status + job.attempt);
    if (moved || (waited > 8 && found.length)) {
      each.node?.remove();
      if (!moved) sameAgain(found[0]);
      return false;
    }
    each.node ??= $("jobs").insertAdjacentElement("afterbegin", awaitedCard(each));
    put(each.node.lastChild, waited > 30 ? "No job yet. Is the stack busy?" : `It becomes a job once nothing has been added for ${facts.quiet_seconds} s.`);
    return true;
  });
}

function sameAgain(job) {
  say("The same files were dropped before: that is the same job, and it is not paid again.");
  document.querySelector(`[data-job="${job.job_id}"]`)?.scrollIntoView({block: "nearest"});
}

function awaitedCard({place, title}) {
  return el("li", {class: "card job"}, head(el("h3", {text: nameOf({place})}), el("p", {class: "soft small", text: title}),
    el("span", {class: "status", text: "DROPPED"})), el("p", {class: "soft small"}));
}
