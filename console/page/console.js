// Where the page begins.

import {$, ask, el, facts, list, put} from "./page.js";
import * as form from "./form.js";
import * as jobs from "./jobs.js";

const paid = Object.entries(facts.paid_gateways);
put($("gateways"), paid.length ? "Jobs go to " + list(paid.map(([name, url]) => `${name} at ${url}`)) + " and may cost money." : "Simulated gateways: films are real files, nothing is paid.");
$("addresses").replaceChildren(...Object.entries(facts.addresses).flatMap(([name, value]) =>
  [el("dt", {text: name.replaceAll("_", " ")}), el("dd", {text: value})]));

const models = await ask("/api/models").catch(() => null);
if (models) {
  form.begin(models);
  await jobs.begin(models);
} else jobs.lost();
