// What every part of the page needs: the facts, and short words for asking the server and for changing what is shown.

export const $ = id => document.getElementById(id);
export const facts = JSON.parse($("facts").textContent);
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

export function put(node, text) { if (node.textContent !== text) node.textContent = text; }

// For those who hear the page.
export function say(text) {
  $("said").append(el("p", {text}));
  while ($("said").children.length > 5) $("said").firstChild.remove();
}

export async function ask(path, options) {
  const answer = await fetch(path, options);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.message);
  return body;
}

// What a parameter is, for people.
export function partName(model, field) {
  const place = model.places.find(each => each.field === field);
  if (place) return place.many ? KINDS[place.kind] + "s" : "a " + KINDS[place.kind];
  return field === "prompt" ? "a prompt" : field.replaceAll("_", " ");
}

export const dollars = usd => new Intl.NumberFormat("en", {style: "currency", currency: "USD"}).format(usd);
export const list = words => words.length > 1 ? words.slice(0, -1).join(", ") + " and " + words.at(-1) : words.join("");
// One step of a path, the slashes encoded too: a browser folds steps that are .. however they are written.
export const addressOf = key => encodeURIComponent(key);
// What stands between backticks is something to type.
export const withCode = text => text.split("`").map((piece, index) => index % 2 ? el("code", {text: piece}) : piece);
