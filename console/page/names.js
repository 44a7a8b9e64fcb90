// What the name of a file says: its kind, its place in the film, the film that it belongs to. As the bucket reads it.

import {facts} from "./page.js";

export const extensionOf = name => name.includes(".") ? name.split(".").pop().toLowerCase() : "";
export const kindOf = name => facts.kinds[extensionOf(name)] || "";
export const placesFor = (model, name) => model.places.filter(place => place.kind === kindOf(name));
export const rolesOf = (model, name) => placesFor(model, name).map(place => place.role);
export const roleIn = name => (/\.(last|[1-9])\.[^.]*$/.exec(name) || [])[1];
export const baseOf = path => path.split("/").pop();

// A middle word that is no role of the model is a part of the name.
export function stemOf(model, name) {
  const role = roleIn(name), plain = name.replace(/\.[^.]*$/, "");
  return role && rolesOf(model, name).includes(role) ? plain.slice(0, -role.length - 1) : plain;
}

// What file managers and cameras leave beside the files.
export const isLeftOut = name => /^[._](?!MG_|DSC\d)/.test(name) || /^(thumbs\.db|desktop\.ini)$/i.test(name) || ["xmp", "aae", "thm", "srt"].includes(extensionOf(name));

export async function textOf(file) {
  if (file.size > facts.longest_text) return {text: null, problem: `is longer than ${facts.longest_text / 1024} kB`};
  try {
    return {text: new TextDecoder("utf-8", {fatal: true}).decode(await file.arrayBuffer()), problem: ""};
  } catch { return {text: null, problem: "is no UTF-8 text"}; }
}

// How a file begins, which tells what it is whatever it is called; each is looked at once.
const heads = new WeakMap();
export function headOf(file) {
  if (!heads.has(file)) heads.set(file, file.slice(0, 4096).arrayBuffer().then(found => btoa(String.fromCharCode(...new Uint8Array(found))), () => ""));
  return heads.get(file);
}

export const judged = files => Promise.all(files.map(async ({file, role}) => ({name: file.name, size: file.size, role, head: await headOf(file)})));

export const sizeOf = file => file.size < 1e6 ? Math.ceil(file.size / 1e3) + " kB" : (file.size / 1e6).toFixed(1) + " MB";
