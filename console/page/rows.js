// Rows of jobs, each made from the film of the one before: they are shown together, also where the list has them on
// other pages.

import {ask} from "./page.js";
import {under} from "./card.js";

const AGAIN = 5000, LATER = 60_000;
const others = new Map();  // by job_id: steps that are not on this page
const asked = new Map();   // by job_id: when it may be asked for again
let asking = false;

export function rowsOf(known) {
  const here = new Map(known.map(job => [job.job_id, job])), reached = new Set();
  const rows = known.map(job => ({job, steps: after(job, here, reached)}));
  return rows.filter(({job}) => !reached.has(job.job_id));
}

function after(first, here, reached) {
  const steps = [];
  for (let id = first.then; id; id = steps.at(-1).then) {
    const job = here.get(id) || others.get(id);
    if (!job) break;
    steps.push(job);
    reached.add(id);
  }
  return steps;
}

// Asks for the steps that are missing, and for those that move; one after the other, as they are few and none is urgent.
export async function follow(rows, found) {
  if (asking) return;
  const now = Date.now(), ids = rows.flatMap(wantedOf).filter(id => now >= (asked.get(id) || 0)), before = others.size;
  if (!ids.length) return;
  asking = true;
  for (const id of ids) {
    const job = await ask("/api/jobs/" + id).catch(() => null);
    asked.set(id, Date.now() + (job ? AGAIN : LATER));
    if (job) others.set(id, job);
  }
  asking = false;
  if (others.size > before) found();
}

function wantedOf({job, steps}) {
  const last = steps.at(-1) || job, moving = steps.filter(step => others.has(step.job_id) && under(step));
  // Whoever asks at once asks for what is not there yet.
  const due = last.then && last.status === "SUCCEEDED" && Date.now() - Date.parse(last.completed_at) > AGAIN;
  return [...moving.map(step => step.job_id), ...(due ? [last.then] : [])];
}
