// The models to choose from: what each is for, what it needs, what it costs.

import {$, KINDS, dollars, el, list, models, put} from "./page.js";
import {landing} from "./gather.js";

export function show(choose, take) {
  const groups = new Map();
  for (const each of models) {
    const group = "From " + (list(each.needs.map(need => "a " + KINDS[need])) || "text");
    groups.set(group, [...groups.get(group) || [], each]);
  }
  $("models").replaceChildren(...[...groups].map(([group, members], index) =>
    el("div", {class: "group", role: "group", "aria-labelledby": "group" + index},
      el("span", {class: "soft small", id: "group" + index, text: group}), el("div", {class: "models"}, ...members.map(model => card(model, choose, take))))));
}

function card(model, choose, take) {
  const id = "about-" + model.id;
  const radio = el("input", {class: "hidden", type: "radio", name: "model", value: model.id, "aria-describedby": id, onchange: () => choose(model)});
  const made = el("label", {class: "model", "data-model": model.id, title: model.purpose}, radio, el("span", {text: model.title}),
    el("span", {class: "soft small", id, text: priceOf(model)}));
  landing(made, given => { choose(model); take(given); });
  return made;
}

export function priceOf({prices_usd: prices}) {
  if (!prices.length) return "no price listed";
  return prices[0] === prices[1] ? dollars(prices[0]) : `${dollars(prices[0])} to ${dollars(prices[1])}`;
}

export function mark(model) {
  document.querySelector(`input[name=model][value="${CSS.escape(model.id)}"]`).checked = true;
  put($("purpose"), model.purpose);
}

export function takes(model) {
  const kinds = [...new Set(model.places.map(place => place.kind))].map(kind => {
    const places = model.places.filter(place => place.kind === kind);
    const optional = places.some(place => place.required) ? "" : " (optional)";
    return (places.length > 1 ? KINDS[kind] + "s" : "a " + KINDS[kind]) + optional + ": " + places[0].formats.join(", ");
  });
  return kinds.join(" · ") || "This model takes no files.";
}
