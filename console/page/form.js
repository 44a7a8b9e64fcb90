// The form: a model, what its film is made of, and the button.

import {$, addressOf, ask, models, put, say} from "./page.js";
import * as batch from "./batch.js";
import {changed, draft} from "./draft.js";
import {add, addAs, fitRoles, letGo, showFiles, useWords} from "./files.js";
import {beginPickers, fromDrop, fromPicker, landing} from "./gather.js";
import {dropped, states} from "./jobs.js";
import {mark, show as showModels, takes} from "./models.js";
import {showSettings, use} from "./settings.js";
import * as steps from "./steps.js";
import {titlesFor} from "./table.js";
import {partsOf, send as sendParts} from "./upload.js";
import {check, checkNow, mayBeSent, nowSending, refuse, verdict} from "./verdict.js";

let busy = false;

export function begin() {
  showModels(choose, take);
  steps.begin();
  batch.begin();
  $("form").addEventListener("changed", check);
  $("form").addEventListener("again", event => again(event.detail));
  $("form").addEventListener("submit", event => { event.preventDefault(); send(); });
  $("clear").addEventListener("click", () => { startOver(); ($("prompt").closest("[hidden]") ? $("picker") : $("prompt")).focus(); });
  $("picker").addEventListener("change", () => take(fromPicker($("picker"))));
  $("split").addEventListener("click", split);
  $("prompt").addEventListener("input", changed);
  $("name").addEventListener("input", () => { draft.named = $("name").value.trim() !== ""; changed(); });
  beginPickers(take);
  landing($("zone"), take);
  // Dropped beside the mark: take it all the same, before the browser leaves the page for it.
  document.addEventListener("dragover", event => event.preventDefault());
  document.addEventListener("drop", async event => { event.preventDefault(); if (event.dataTransfer.files.length) take(await fromDrop(event.dataTransfer)); });
  choose(models[0]);
}

function take(given) {
  if (!given.length) return;
  if ($("batch").open) batch.more(given);
  else if (batch.isSeveral(given)) batch.open(given);
  else add(given);
}

// What would be one film becomes a film each.
function split() {
  const given = draft.files.map(({file}) => ({file, path: file.name}));
  letGo();
  showFiles();
  changed();
  batch.open(given);
}

function choose(model) {
  draft.model = model;
  mark(model);
  const formats = new Set(model.places.flatMap(place => place.formats));
  $("filespart").hidden = !formats.size && !draft.files.length && !draft.settings && !draft.words;
  $("picker").accept = [...formats, "txt", "json", "csv"].map(format => "." + format).join(",");
  put($("takes"), takes(model));
  $("promptpart").hidden = !model.prompt;
  $("promptoptional").hidden = Boolean(model.prompt?.required);
  $("prompt").setAttribute("aria-required", String(Boolean(model.prompt?.required)));
  $("emptytable").href = "data:text/csv;charset=utf-8," + encodeURIComponent(titlesFor(model).join(",") + "\r\n");
  $("emptytable").download = `${model.id}.csv`;
  useWords();
  fitRoles();
  showSettings();
  showFiles();
  changed();
}

// --- again with changes

async function again(job_id) {
  try {
    const found = await ask(`/api/jobs/${job_id}/again`), model = models.find(each => each.id === found.model);
    if (!model) throw new Error(`There is no model ${found.model} any more`);
    startOver();
    choose(model);
    draft.named = true;
    $("name").value = found.name;
    $("prompt").value = found.prompt;
    for (const each of found.files) addAs(await fileOf(each), each.role);
    if (Object.keys(found.settings).length) use(`${found.name}.json`, found.settings);
    showFiles();
    $("settingspart").open = true;
    say(`The form holds all of ${found.name}. Change something: the very same would be the same job.`);
  } catch (error) { refuse(`It can not be filled in: ${error.message}`); }
  changed();
  $("new").scrollIntoView();
  $("new").focus();
}

async function fileOf({name, key, version}) {
  const answer = await fetch(`/api/inbox/${addressOf(key)}?version=${encodeURIComponent(version)}`);
  if (!answer.ok) throw new Error(`${name} is in the inbox no more`);
  return new File([await answer.blob()], name);
}

// --- dropping

async function send() {
  if (busy) return;
  if (!mayBeSent() && !verdict) await checkNow();
  if (!mayBeSent()) { say($("verdict").innerText || "Not ready yet"); return; }
  const {asked, place} = verdict, parts = partsOf(verdict, {...asked, files: draft.files}), before = states();
  busy = true;
  nowSending(true);
  try {
    await sendParts(parts, far => { $("far").value = far; });
  } catch (error) {
    refuse(`Dropping broke off: ${error.message}. Try again; nothing is sent twice.`);
    return;
  } finally {
    busy = false;
    nowSending(false);
  }
  say(`Dropped ${asked.name}.`);
  const {title} = draft.model;
  startOver();
  await dropped([{place, title, before}]);
  // On a phone the jobs are further down, beside a long form further up.
  const {top} = $("list").getBoundingClientRect();
  if (top < 0 || top > innerHeight) $("list").scrollIntoView();
}

function startOver() {
  letGo();
  steps.fill([]);
  draft.named = false;
  $("prompt").value = $("name").value = $("picker").value = "";
  choose(draft.model);
}
