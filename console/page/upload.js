// Bringing a part into the inbox. Only this old way of asking says how much of a body has gone out.

import {GONE, addressOf} from "./page.js";

export function upload(key, body, moved = () => {}) {
  return new Promise((done, failed) => {
    const asked = new XMLHttpRequest();
    asked.open("PUT", "/api/inbox/" + addressOf(key));
    asked.upload.addEventListener("progress", event => moved(event.loaded));
    asked.addEventListener("load", () => asked.status < 300 ? done() : failed(new Error(messageOf(asked.responseText))));
    asked.addEventListener("error", () => failed(new Error(GONE)));
    asked.send(body);
  });
}

function messageOf(text) {
  try { return JSON.parse(text).message || GONE; } catch { return GONE; }
}

// Required parts come last: if something breaks off on the way, the job still waits and nothing is sent.
export function partsOf({keys, prompt_key, settings_key}, {files, prompt, settings}) {
  const parts = files.map((each, index) => [keys[index], each.file]);
  if (Object.keys(settings).length) parts.unshift([settings_key, JSON.stringify(settings)]);
  if (prompt.trim()) parts.push([prompt_key, prompt.trim()]);
  return parts;
}

// All parts of a drop, one after the other; how far it is goes from 0 to 1.
export async function send(parts, far) {
  const sizes = parts.map(([, body]) => body.size ?? body.length), whole = sizes.reduce((sum, size) => sum + size, 0) || 1;
  let gone = 0;
  for (const [index, [key, body]] of parts.entries()) {
    await upload(key, body, loaded => far(Math.min(1, (gone + loaded) / whole)));
    gone += sizes[index];
    far(gone / whole);
  }
}
