// What the jobs cost: today against the budget, this month, and by model. The figures say it all; the bars only help.
// It is asked for only while somebody looks at it: each job of the month is read for that.

import {$, ask, count, dollars, el, facts} from "./page.js";

const RARELY = 5000;
let last = 0, due = 0;

export const begin = () => $("costs").addEventListener("toggle", refresh);

// At most every few seconds, however much the list moves.
export function refresh() {
  clearTimeout(due);
  if (!$("costs").open) return;
  due = setTimeout(show, Math.max(0, last + RARELY - Date.now()));
}

async function show() {
  last = Date.now();
  const found = await ask("/api/costs").catch(() => null);
  if (!found) return;
  const {today, month, by_model, daily_budget_usd: budget, reserved_today_usd: reserved, held_jobs} = found;
  $("costbody").replaceChildren(...[
    Object.keys(facts.paid_gateways).length ? null : el("p", {class: "small soft", text: "As the real gateways would take it; the simulated ones take nothing."}),
    line("Today", sum(today), budget == null ? null : bar(today.usd, budget, reserved)),
    budget == null ? null : el("p", {class: "small", text: budgetWords(budget, reserved, held_jobs)}),
    line("This month", sum(month)), byModel(by_model)].filter(Boolean));
}

function sum({usd, jobs, unpriced}) {
  if (jobs && jobs === unpriced) return `${count(jobs, "film")} without a known price`;
  return `${dollars(usd)} for ${count(jobs, "film")}` + (unpriced ? `, ${unpriced} of them without a known price` : "");
}

function budgetWords(budget, reserved, held) {
  const spoken = reserved == null ? "" : `${dollars(reserved)} is spent or kept for films under way. `;
  return `The budget of a day is ${dollars(budget)}. ${spoken}` + (held ? `${count(held, "job")} held.` : "");
}

const line = (title, words, more) => el("div", {}, el("p", {}, el("strong", {text: title + ": "}), words), more);

function byModel(models) {
  if (!models.length) return null;
  const most = Math.max(...models.map(each => each.usd), 0.01);
  return el("table", {class: "small"}, el("caption", {text: "This month, by model"}), el("tbody", {}, ...models.map(each =>
    el("tr", {}, el("th", {scope: "row", text: each.title}), el("td", {text: sum(each)}), el("td", {}, bar(each.usd, most))))));
}

// Spent is solid, kept for films under way is striped.
function bar(usd, whole, reserved = usd) {
  const share = value => Math.min(100, 100 * value / (whole || 1)) + "%";
  const [spent, kept] = [el("i", {class: "spent"}), el("i", {class: "kept"})];
  spent.style.width = share(usd);
  kept.style.width = share(Math.max(0, (reserved ?? usd) - usd));
  return el("div", {class: "bar", "aria-hidden": "true"}, spent, kept);
}
