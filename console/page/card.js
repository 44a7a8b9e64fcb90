// One job, as the list shows it; what else there is to it is made when somebody opens it.

import {button, el, list, partName, put, unseen} from "./page.js";
import {actionButtons} from "./actions.js";
import {play} from "./dialogs.js";
import {find} from "./filters.js";
import {fill} from "./more.js";
import {kindOf, thumb} from "./thumbs.js";
import {lasted, when} from "./times.js";

const STEPS = {WAITING: 0, HELD: 0, SUBMITTING: 1, UNKNOWN: 1, QUEUED: 2, PROCESSING: 3, DELIVERING: 4};
const LOOKS = {SUCCEEDED: "good", FAILED: "bad", REJECTED: "bad", EXPIRED: "bad", WAITING: "wait", HELD: "wait", UNKNOWN: "wait"};
const ENDED = ["SUCCEEDED", "FAILED", "REJECTED", "EXPIRED"];

export const under = job => !ENDED.includes(job.status);
export const stateOf = job => job.status === "SUBMITTED" ? job.progress || "QUEUED" : job.status;
export const nameOf = job => job.place.slice(job.place.indexOf("/") + 1) || job.place;
export const isStuck = job => ["bad", "wait"].includes(LOOKS[stateOf(job)]);

// The message of a mistake in its two parts, as a list of what is allowed may be long; several have a line each.
export function errorOf(job) {
  const message = job.error?.message || "", at = message.indexOf("; allowed: ");
  return at < 0 || message.includes("\n") ? {problem: message, allowed: ""} : {problem: message.slice(0, at), allowed: message.slice(at + 2)};
}

// What stands above every card, of a job and of what is not one yet.
export const head = (title, status) => el("div", {class: "top"}, title, status);

// Nested: a step within the card of the job that its row began with.
export function newCard(job, nested) {
  const parts = {
    frame: el("div", {class: "thumb"}), title: el(nested ? "h4" : "h3"), status: el("span", {class: "status"}), meta: el("p", {class: "soft small"}),
    steps: el("div", {class: "steps", "aria-hidden": "true"}, ...Array.from({length: 5}, () => el("i"))),
    why: el("p", {class: "why"}), allowed: el("p", {class: "small"}), quick: el("div", {class: "row"}), told: el("p", {class: "small told", hidden: true}),
    story: el("ol", {class: "story", role: "list", hidden: true}), follows: el("p", {class: "soft small follows", hidden: true}),
    more: el("details", {}, el("summary", {class: "small"}, "More", unseen(` about ${nameOf(job)}`)), el("div", {class: "more"})),
  };
  const node = el("li", {class: nested ? "job" : "card job", "data-job": job.job_id}, el("div", {class: "face"}, parts.frame,
    el("div", {class: "about"}, head(parts.title, parts.status), parts.meta, parts.steps, parts.why, parts.allowed, parts.told, parts.quick, parts.more)),
  parts.story, parts.follows);
  const card = {job, node, parts, nested, shown: "", model: null};
  parts.more.addEventListener("toggle", () => { if (parts.more.open) fill(card); });
  return card;
}

// Shows the job as it is now; whether that is news of its state. The model is undefined where the job has none.
export function update(card, job, model) {
  const {parts} = card, state = stateOf(job), news = JSON.stringify(job);
  put(parts.meta, [card.nested ? "" : model?.title || job.model || "no model", when(job.created_at), under(job) ? lasted(job) : `took ${lasted(job)}`,
    costOf(job), job.attempt > 1 ? `attempt ${job.attempt}` : ""].filter(Boolean).join(" · "));
  if (news === card.shown) return false;
  const moved = !card.shown || state !== stateOf(card.job);
  Object.assign(card, {job, shown: news, model});
  put(parts.title, card.nested ? `Step ${job.source.step}: ${model?.title || job.model}` : nameOf(job));
  put(parts.status, state);
  parts.status.className = "status " + (LOOKS[state] || "");
  parts.steps.hidden = !under(job);
  [...parts.steps.children].forEach((step, index) => { step.className = index < STEPS[state] ? "done" : index === STEPS[state] ? "now" : ""; });
  explain(parts, job, model);
  showFrame(card);
  parts.quick.replaceChildren(...(isStuck(job) ? actionButtons(card) : []), ...(!card.nested && job.source?.type === "step" ? [beforeIt(job)] : []));
  if (parts.more.open) fill(card);
  return moved;
}

// Why it is not getting on.
function explain(parts, job, model) {
  const {problem, allowed} = errorOf(job);
  parts.why.className = "why " + (LOOKS[stateOf(job)] || "");
  put(parts.why, problem || (isStuck(job) ? waitsFor(job, model) : job.late ? "came after its deadline" : job.reason || ""));
  put(parts.allowed, allowed.replace("allowed", "Allowed"));
  for (const line of [parts.why, parts.allowed]) line.hidden = !line.textContent;
}

function waitsFor(job, model) {
  if (job.status !== "WAITING" || !model || !job.missing.length) return job.reason || "";
  return "Still missing: " + list(job.missing.map(field => partName(model, field)));
}

function costOf(job) {
  if (job.price_usd == null && job.cost !== "nothing") return "";
  return "cost: " + job.cost;
}

// One click on the picture plays it.
function showFrame({parts, job}) {
  const output = job.outputs[0], key = output?.key || (under(job) ? "…" : "×");
  if (parts.frame.dataset.key === key) return;
  parts.frame.dataset.key = key;
  if (!output) return parts.frame.replaceChildren(el("span", {class: "frame", "aria-hidden": "true", text: key}));
  const verb = kindOf(output) === "image" ? "Show" : "Play", step = job.source?.type === "step" ? `, step ${job.source.step}` : "";
  parts.frame.replaceChildren(el("button", {type: "button", class: "open", "aria-label": `${verb} the film of ${nameOf(job)}${step}`,
    onclick: () => play(nameOf(job), output)}, thumb(output)));
}

// A step whose row begins on another page.
const beforeIt = job => button(`Step ${job.source.step}: show what it is made from`, () => find(job.source.of), {class: "light"});
