// What somebody drops or chooses: files, and folders with all that is in them.

import {$} from "./page.js";

// {file, path}: the path names the folders too.
const plain = file => ({file, path: file.webkitRelativePath || file.name});

export const fromPicker = input => {
  const given = [...input.files].map(plain);
  input.value = "";
  return given;
};

// The browser forgets what was dropped as soon as it is waited for: all of it is taken before.
export async function fromDrop(transfer) {
  const entries = [...transfer.items].map(item => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some(entry => entry.isDirectory)) return [...transfer.files].map(plain);
  return (await Promise.all(entries.map(inside))).flat();
}

async function inside(entry) {
  if (entry.isFile) return [{file: await new Promise((done, failed) => entry.file(done, failed)), path: entry.fullPath.slice(1)}];
  const reader = entry.createReader(), found = [];
  // It hands out a hundred at a time.
  for (let more; (more = await new Promise((done, failed) => reader.readEntries(done, failed))).length;) found.push(...more);
  return (await Promise.all(found.map(inside))).flat();
}

export function landing(target, take) {
  let depth = 0;
  const over = on => target.classList.toggle("over", on);
  target.addEventListener("dragenter", event => { event.preventDefault(); depth++; over(true); });
  target.addEventListener("dragleave", () => { if (--depth <= 0) { depth = 0; over(false); } });
  target.addEventListener("drop", async event => {
    event.preventDefault();
    event.stopPropagation();
    depth = 0;
    over(false);
    take(await fromDrop(event.dataTransfer));
  });
}

export function beginPickers(take) {
  for (const [shown, picker] of [["choosefolder", "folderpicker"], ["choosetable", "tablepicker"]]) {
    $(shown).addEventListener("click", () => $(picker).click());
    $(picker).addEventListener("change", () => take(fromPicker($(picker))));
  }
}
