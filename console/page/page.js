// What every part of the page needs: the facts, and short words for asking the server and for changing what is shown.

export const $ = id => document.getElementById(id);
export const facts = JSON.parse($("facts").textContent);
export const {models} = facts;
export const modelNamed = name => models.find(model => model.id === name || model.alias === name);
export const KINDS = {image: "picture", audio: "sound", video: "clip"};

export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") made.textContent = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter(child => child != null));
  return made;
}

export const button = (text, onclick, attributes = {}) => el("button", {type: "button", text, onclick, ...attributes});
export const small = text => el("p", {class: "small", text});
// What only those hear who do not see where it stands.
export const unseen = text => el("span", {class: "hidden", text});

export function put(node, text) { if (node.textContent !== text) node.textContent = text; }

// For those who hear the page.
export function say(text) {
  $("said").append(el("p", {text}));
  while ($("said").children.length > 5) $("said").firstChild.remove();
}

export async function ask(path, options) {
  let answer;
  try { answer = await fetch(path, options); } catch { throw new Error(GONE); }
  const body = await answer.json().catch(() => ({message: GONE}));
  if (!answer.ok) throw new Error(body.message || GONE);
  return body;
}

export const GONE = facts.env && facts.env !== "local"
  ? "The page's server does not answer. Is dropreel console still running?"
  : "The stack does not answer. Is dropreel up still running?";

// What a parameter is, for people.
export function titleOf(model, field) {
  return model.settings.find(control => control.name === field)?.title || field.replaceAll("_", " ");
}

export function partName(model, field) {
  const place = model.places.find(each => each.field === field);
  if (place) return place.many ? KINDS[place.kind] + "s" : "a " + KINDS[place.kind];
  return field === "prompt" ? "a prompt" : titleOf(model, field);
}

export const dollars = usd => new Intl.NumberFormat("en", {style: "currency", currency: "USD", maximumFractionDigits: usd && usd < 0.1 ? 3 : 2}).format(usd);
export const count = (number, one, many = one + "s") => `${number} ${number === 1 ? one : many}`;
export const list = words => words.length > 1 ? words.slice(0, -1).join(", ") + " and " + words.at(-1) : words.join("");
// One step of a path, the slashes encoded too: a browser folds steps that are .. however they are written.
export const addressOf = key => encodeURIComponent(key);
// What stands between backticks is something to type.
export const withCode = text => text.split("`").map((piece, index) => index % 2 ? el("code", {text: piece}) : piece);
