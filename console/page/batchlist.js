// The list of films to be: what each is made of, its price or what is wrong, and the sum.

import {$, button, count, dollars, el, facts, list, partName, put, unseen} from "./page.js";
import {mistakeText} from "./verdict.js";

export const isReady = film => film.verdict && !film.done && !film.mistakes.length && !film.verdict.mistakes.length && !film.verdict.missing.length;

export function stateOf({mistakes, model, verdict}) {
  const wrong = [...mistakes, ...verdict.mistakes.map(mistake => mistakeText(model, mistake))];
  if (wrong.length) return wrong.join("; ");
  if (verdict.missing.length) return "still missing: " + list(verdict.missing.map(field => partName(model, field)));
  return verdict.price_usd == null ? "ready" : dollars(verdict.price_usd);
}

export function showAll(films, leaveOut) {
  $("batchrows").replaceChildren(...films.map(film => (film.row = row(film, leaveOut))));
  films.forEach(show);
}

function row(film, leaveOut) {
  const files = [...film.files.map(({file}) => file.name), ...(film.prompt ? ["a prompt"] : []), ...(Object.keys(film.settings).length ? ["settings"] : [])];
  const out = button("Leave out", () => leaveOut(film), {class: "light"});
  out.append(unseen(` ${film.name}`));
  return el("tr", {}, el("th", {scope: "row", text: film.name}), el("td", {text: film.model.title}), el("td", {text: files.join(", ")}), el("td"), el("td", {}, out));
}

export function show(film) {
  const cell = film.row.children[3], wrong = film.verdict && !isReady(film) && !film.done;
  cell.className = film.broken || wrong ? "bad" : film.done ? "good" : "";
  cell.replaceChildren(film.state, ...(film.far == null || film.done ? [] : [el("progress", {max: 1, value: film.far, "aria-label": `How much of ${film.name} is dropped`})]));
}

export function sum(films, sending) {
  const ready = films.filter(isReady), priced = ready.filter(film => film.verdict.price_usd != null);
  const usd = priced.reduce((sum, film) => sum + film.verdict.price_usd, 0), done = films.filter(film => film.done).length;
  const rest = films.length - ready.length - done, paid = Object.keys(facts.paid_gateways).length;
  put($("batchtitle"), count(films.length, "film"));
  put($("batchsum"), [done ? `${done} dropped` : "", `${ready.length} ready` + (priced.length ? `, ${dollars(usd)} together${paid ? "" : " at the real gateways"}` : ""),
    ready.length > priced.length ? `${ready.length - priced.length} without a known price` : "", rest ? `${rest} not ready: nothing of ${rest === 1 ? "it" : "them"} is dropped` : ""].filter(Boolean).join(" · "));
  put($("batchsend"), sending ? "Dropping …" : `Make ${count(ready.length, "film")}` + (paid && priced.length ? ` for ${dollars(usd)}` : ""));
  $("batchsend").disabled = sending || !ready.length;
}
