// The drop that is being made, before it is one. Whoever changes it says so; form.js listens.

import {$} from "./page.js";

export const draft = {
  model: null,
  files: [],        // {file, role, url}: pictures, sounds and clips
  settings: null,   // the settings file: {name, said, problem}; said is its object, or null
  words: null,      // a prompt file that can't be used: {name, text, problem}; text is null if it could not be read
  extra: {},        // of the settings file: what has no control of its own
  named: false,     // whether somebody has typed a name
  reading: 0,       // files that are being read
};

export const changed = () => $("form").dispatchEvent(new Event("changed"));

// What is wrong with a chosen file however often the server is asked, since it never gets to see it.
export function spoiled() {
  const {settings, words} = draft;
  if (settings?.problem) return [{field: "file", problem: `${settings.name} ${settings.problem}`, allowed: 'a JSON object such as {"duration": 4}; or remove the file'}];
  if (words?.problem) return [{field: "file", problem: `${words.name} ${words.problem}`, allowed: "UTF-8 text, for a model that takes a prompt; or remove the file"}];
  return [];
}
