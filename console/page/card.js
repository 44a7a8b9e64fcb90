// One job, as it is shown.

import {addressOf, ask, el, facts, list, partName, put, withCode} from "./page.js";

const STEPS = {WAITING: 0, HELD: 0, SUBMITTING: 1, UNKNOWN: 1, QUEUED: 2, PROCESSING: 3, DELIVERING: 4};
const LOOKS = {SUCCEEDED: "good", FAILED: "bad", REJECTED: "bad", EXPIRED: "bad", WAITING: "wait", HELD: "wait", UNKNOWN: "wait"};
const ENDED = ["SUCCEEDED", "FAILED", "REJECTED", "EXPIRED"];

export const stateOf = job => job.status === "SUBMITTED" ? job.progress || "QUEUED" : job.status;
export const nameOf = job => job.place.slice(job.place.indexOf("/") + 1) || job.place;
const clock = iso => new Date(iso).toLocaleTimeString([], {hour: "2-digit", minute: "2-digit", second: "2-digit"});

function lasted(job) {
  const seconds = Math.max(0, ((job.completed_at ? Date.parse(job.completed_at) : Date.now()) - Date.parse(job.created_at)) / 1000);
  if (seconds < 60) return `${Math.round(seconds)} s`;
  return seconds < 3600 ? `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s` : `${(seconds / 3600).toFixed(1)} h`;
}

// The message of a mistake in its two parts, as a list of what is allowed may be long; several have a line each.
export function errorOf(job) {
  const message = job.error?.message || "", at = message.indexOf("; allowed: ");
  return at < 0 || message.includes("\n") ? {problem: message, allowed: ""} : {problem: message.slice(0, at), allowed: message.slice(at + 2)};
}

// What stands above every card, of a job and of what is not one yet.
export function head(title, model, status) {
  return el("div", {class: "top"}, el("div", {}, title, model), status);
}

export function newCard(job) {
  const parts = {
    title: el("h3"), model: el("p", {class: "soft small"}), status: el("span", {class: "status"}),
    steps: el("div", {class: "steps", "aria-hidden": "true"}, ...Array.from({length: 5}, () => el("i"))),
    why: el("p", {class: "why"}), allowed: el("p", {class: "small"}), meaning: el("p", {class: "small"}), todo: el("p", {class: "small"}),
    films: el("div", {class: "films"}), meta: el("p", {class: "soft small"}),
    details: el("details", {}, el("summary", {}, "Timeline", el("span", {class: "hidden", text: ` of ${nameOf(job)}`})), el("div", {text: "…"})),
  };
  const node = el("li", {class: "card job", "data-job": job.job_id}, head(parts.title, parts.model, parts.status),
    parts.steps, parts.why, parts.allowed, parts.meaning, parts.todo, parts.films, parts.meta, parts.details);
  const card = {job, node, parts, shown: ""};
  parts.details.addEventListener("toggle", () => { if (parts.details.open) timeline(card); });
  return card;
}

// Shows the job as it is now; whether that is news of its state. The model is undefined where the job has none.
export function update(card, job, model) {
  const {parts} = card, state = stateOf(job), news = JSON.stringify(job);
  put(parts.meta, [rowOf(job), costOf(job), `started ${clock(job.created_at)}`,
    ENDED.includes(state) ? `took ${lasted(job)}` : lasted(job), job.attempt > 1 ? `attempt ${job.attempt}` : ""].filter(Boolean).join(" · "));
  if (news === card.shown) return false;
  const moved = !card.shown || state !== stateOf(card.job);
  card.job = job;
  card.shown = news;
  put(parts.title, nameOf(job));
  put(parts.model, model?.title || job.model || "no model");
  put(parts.status, state);
  parts.status.className = "status " + (LOOKS[state] || "");
  parts.steps.hidden = ENDED.includes(state);
  [...parts.steps.children].forEach((step, index) => { step.className = index < STEPS[state] ? "done" : index === STEPS[state] ? "now" : ""; });
  explain(parts, job, model, LOOKS[state] || "");
  if (parts.films.children.length !== job.outputs.length) parts.films.replaceChildren(...job.outputs.map(output => film(job, output)));
  if (parts.details.open) timeline(card);
  return moved;
}

// Why it is not getting on, what that means, and what to do.
function explain(parts, job, model, look) {
  const stuck = ["bad", "wait"].includes(look), {problem, allowed} = errorOf(job);
  parts.why.className = "why " + look;
  put(parts.why, problem || (stuck ? waitsFor(job, model) : job.late ? "came after its deadline" : ""));
  put(parts.allowed, allowed.replace("allowed", "Allowed"));
  put(parts.meaning, stuck ? job.meaning : "");
  parts.todo.replaceChildren(...(stuck && job.todo ? [el("strong", {text: "What to do: "}), ...withCode(job.todo)] : []));
  for (const line of [parts.why, parts.allowed, parts.meaning, parts.todo]) line.hidden = !line.textContent;
}

function waitsFor(job, model) {
  if (job.status !== "WAITING" || !model || !job.missing.length) return job.reason || "";
  return "Still missing: " + list(job.missing.map(field => partName(model, field)));
}

function costOf(job) {
  if (job.cost === "nothing") return "cost: nothing";
  if (job.price_usd == null) return "";
  return (facts.paid_gateways[job.gateway] ? "cost: " : "cost at the real gateway: ") + job.cost;
}

// Which of several films it is, each made from the one before.
function rowOf(job) {
  const step = job.source?.type === "step" ? job.source.step : 1;
  if (step === 1 && !job.then) return "";
  return `step ${step}` + (job.then ? ", another follows" : ", the last");
}

function film(job, output) {
  const src = "/api/outputs/" + addressOf(output.key), kind = output.content_type.split("/")[0];
  const label = `The film of ${nameOf(job)}`;
  const player = kind === "video" ? el("video", {src, controls: true, preload: "metadata", playsinline: true, "aria-label": label})
    : kind === "image" ? el("img", {src, alt: label}) : kind === "audio" ? el("audio", {src, controls: true, "aria-label": label}) : null;
  return el("div", {}, player, el("a", {class: "small", href: src, download: output.key.split("/").pop()},
    `Save ${output.key.split(".").pop()}, ${(output.bytes / 1e6).toFixed(1)} MB`, el("span", {class: "hidden", text: ` of ${nameOf(job)}`})));
}

async function timeline(card) {
  const box = card.parts.details.lastChild;
  try {
    const job = await ask("/api/jobs/" + card.job.job_id);
    const record = {job_id: job.job_id, request_id: job.request_id, source: job.source, input: job.input, outputs: job.outputs};
    box.replaceChildren(
      el("ol", {class: "timeline"}, ...job.history.map(line =>
        el("li", {}, el("time", {datetime: line.at, text: clock(line.at)}), el("strong", {text: line.status}), " " + line.note))),
      el("details", {open: box.querySelector("details")?.open}, el("summary", {class: "small", text: "What is on record"}),
        el("pre", {text: JSON.stringify(record, null, 1)})));
  } catch (error) { put(box, error.message); }
}
