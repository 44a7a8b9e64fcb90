// What can be done to a job: what the server names, which may cost money, and what costs nothing.

import {$, ask, button, facts, put, say, unseen} from "./page.js";
import {nameOf} from "./card.js";
import {confirmed} from "./dialogs.js";
import {sourceOf} from "./thumbs.js";

export function actionButtons(card) {
  return (card.job.actions || []).map(action => named(card, action.label, () => act(card, action)));
}

export function ownButtons(card) {
  const {job} = card, output = job.outputs[0];
  return [
    named(card, "Again with changes", () => $("form").dispatchEvent(new CustomEvent("again", {detail: job.job_id}))),
    output ? named(card, "Copy link", () => copy(card, linkTo(output), "The link")) : null,
    named(card, "Copy id", () => copy(card, job.job_id, "The id")),
  ].filter(Boolean);
}

function named(card, label, onclick) {
  const made = button("", onclick, {class: "light"});
  made.append(label, unseen(`: ${nameOf(card.job)}`));
  return made;
}

async function act(card, {name, label, asks}) {
  const {job} = card;
  if (asks && !await confirmed(`${label}: ${nameOf(job)}`, asks, label)) return;
  try {
    // Of the job as it was seen: what was agreed to is the risk of that.
    const seen = new URLSearchParams({status: job.status, attempt: job.attempt});
    const {done} = await ask(`/api/jobs/${job.job_id}/actions/${name}?${seen}`, {method: "POST"});
    tell(card, done);
  } catch (error) { tell(card, error.message, true); }
  $("jobs").dispatchEvent(new Event("look"));
}

// On a laptop a film has an address that any browser here opens; in an account only the bucket's is of use to others.
function linkTo(output) {
  if (!facts.env || facts.env === "local") return location.origin + sourceOf(output);
  return `s3://${facts.addresses.outbox_bucket}/${output.key}`;
}

async function copy(card, text, what) {
  try {
    await navigator.clipboard.writeText(text);
    tell(card, `${what} is copied: ${text}`);
  } catch { tell(card, `Your browser lets nothing be copied. ${what}: ${text}`, true); }
}

function tell({parts}, text, isBad = false) {
  parts.told.hidden = false;
  parts.told.classList.toggle("bad", isBad);
  put(parts.told, text);
  say(text);
}
