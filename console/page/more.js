// All about one job: what it means, what can be done, what happened, what is on record.

import {ask, button, el, put, unseen, withCode} from "./page.js";
import {actionButtons, ownButtons} from "./actions.js";
import {isStuck, nameOf} from "./card.js";
import {download, play} from "./dialogs.js";
import {toTheSecond} from "./times.js";

export async function fill(card) {
  const box = card.parts.more.lastChild, {job} = card;
  if (!box.children.length) box.append(...Array.from({length: 4}, () => el("div")));
  const [words, actions, outputs, record] = box.children;
  words.replaceChildren(...wordsOf(job));
  // Whoever has just pressed one of these keeps the focus on it.
  if (actions.dataset.of !== card.shown) actions.replaceChildren(el("div", {class: "row"}, ...(isStuck(job) ? [] : actionButtons(card)), ...ownButtons(card)));
  actions.dataset.of = card.shown;
  outputs.replaceChildren(...outputsOf(job));
  try { showRecord(record, await ask("/api/jobs/" + job.job_id)); } catch (error) { put(record, error.message); }
}

function wordsOf(job) {
  const found = [el("p", {class: "small", text: job.meaning})];
  if (isStuck(job) && job.todo) found.push(el("p", {class: "small"}, el("strong", {text: "What to do: "}), ...withCode(job.todo)));
  return found;
}

function outputsOf(job) {
  const name = nameOf(job);
  return job.outputs.map((output, index) => el("div", {class: "row"}, download(name, output),
    job.outputs.length > 1 ? button(`Show film ${index + 1}`, () => play(name, output), {class: "light"}) : null));
}

function showRecord(box, job) {
  const {job_id, request_id, source, input, outputs} = job, open = box.querySelector("details")?.open;
  box.replaceChildren(
    el("ol", {class: "timeline", "aria-label": `What happened to ${nameOf(job)}`}, ...job.history.map(line =>
      el("li", {}, el("time", {datetime: line.at, text: toTheSecond(line.at)}), el("strong", {text: line.status}), " " + line.note))),
    el("details", {open}, el("summary", {class: "small"}, "What is on record", unseen(` of ${nameOf(job)}`)),
      el("pre", {text: JSON.stringify({job_id, request_id, source, input, outputs}, null, 1)})));
}
