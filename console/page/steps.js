// What follows: up to four steps, each of which makes something of the film of the one before.

import {$, button, count, el, models, put, unseen} from "./page.js";
import {changed} from "./draft.js";
import {setIn, shown, valuesIn} from "./settings.js";

const MOST = 4;
const PROMPT = {name: "prompt", title: "Prompt", values: [], allowed: "what is to be seen"};
// The models that make something of a clip.
const takers = models.filter(model => model.places.some(place => place.kind === "video"));

export function begin() {
  $("addstep").addEventListener("click", () => {
    fill([...chosen(), {model: takers[0].id, input: {}}]);
    changed();
    $("steps").lastElementChild.querySelector("select").focus();
  });
  fill([]);
}

export const chosen = () => [...$("steps").children].map(row => ({model: row.querySelector("select").value, input: {...row.extra, ...valuesIn(row)}}));

// Whether these can be shown; what can not is sent as it is, and the server says what is wrong with it.
export const fits = then => Array.isArray(then) && then.length <= MOST && then.every(step => modelOf(step?.model) && typeof (step.input ?? {}) === "object");

const modelOf = name => takers.find(model => model.id === name || model.alias === name);
const modelAt = number => modelOf($("steps").children[number - 2]?.querySelector("select").value);
export {modelAt};

export function fill(then) {
  $("steps").replaceChildren(...then.map((step, index) => row(modelOf(step.model), step.input || {}, index + 2)));
  $("addstep").hidden = then.length >= MOST;
  put($("stepcount"), then.length ? count(then.length, "step") : "nothing more");
  if (then.length) $("steppart").open = true;
}

function row(model, input, number) {
  const id = `step-${number}`, made = el("li", {class: "step"},
    el("div", {class: "top"}, el("label", {class: "label", for: id, text: `Step ${number}`}), remover(number)),
    el("select", {id, onchange: event => replace(number, event.target.value)},
      ...takers.map(each => el("option", {value: each.id, text: each.title, selected: each === model}))),
    el("p", {class: "soft small", text: model.purpose}),
    el("div", {class: "settings"}, ...[...(model.prompt ? [PROMPT] : []), ...model.settings].map(control => shown(control, `set-${number}-`))));
  // What has no control of its own is kept, and sent as it came.
  made.extra = Object.fromEntries(Object.entries(input).filter(([name, value]) => !setIn(made, name, value)));
  return made;
}

function replace(number, model) {
  fill(chosen().map((step, index) => index + 2 === number ? {model, input: {}} : step));
  changed();
  $(`step-${number}`).focus();
}

function remover(number) {
  const made = button("Remove", () => {
    fill(chosen().filter((_, index) => index + 2 !== number));
    changed();
    $("addstep").focus();
  }, {class: "light"});
  made.append(unseen(` step ${number}`));
  return made;
}
