// What was dropped and is no job yet.

import {el, facts, put, say} from "./page.js";
import {head, nameOf} from "./card.js";

//: more are only counted: a folder may hold hundreds
const SHOWN = 3;
let waiting = [];          // {place, title, before, since, node}
let rest = null;

export const awaited = drops => waiting.push(...drops.map(drop => ({...drop, since: Date.now()})));

export const isAwaiting = () => waiting.length > 0;

export function awaitedNodes(known) {
  waiting = waiting.filter(each => !isThere(each, known));
  const nodes = waiting.slice(0, SHOWN).map(each => {
    each.node ??= card(each);
    const long = (Date.now() - each.since) / 1000 > 30;
    put(each.node.lastChild, long ? "No job yet. Is the stack busy?" : `It becomes a job once nothing has been added for ${facts.quiet_seconds} s.`);
    return each.node;
  });
  if (waiting.length <= SHOWN) return nodes;
  rest ??= card({place: "more", title: ""});
  put(rest.querySelector("h3"), `${waiting.length - SHOWN} more`);
  return [...nodes, rest];
}

function isThere({place, before, since}, known) {
  const found = known.filter(job => job.place === place);
  const waited = (Date.now() - since) / 1000 - facts.quiet_seconds;
  if (found.some(job => before.get(job.job_id) !== job.status + job.attempt)) return true;
  // A drop of many may leave the page before it is seen there.
  if (!found.length) return waited > 120;
  if (waited <= 8) return false;
  say("The same files were dropped before: that is the same job, and it is not paid again.");
  document.querySelector(`[data-job="${found[0].job_id}"]`)?.scrollIntoView({block: "nearest"});
  return true;
}

function card({place, title}) {
  return el("li", {class: "card job"}, head(el("h3", {text: nameOf({place})}),
    el("span", {class: "status", text: "DROPPED"})), el("p", {class: "soft small", text: title}), el("p", {class: "soft small"}));
}
