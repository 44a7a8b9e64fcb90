// Where the page begins.

import {$, el, facts, list, put} from "./page.js";
import * as form from "./form.js";
import * as jobs from "./jobs.js";
import * as notify from "./notify.js";

const paid = Object.entries(facts.paid_gateways);
put($("gateways"), paid.length ? "Jobs go to " + list(paid.map(([name, url]) => `${name} at ${url}`)) + " and may cost money." : "Simulated gateways: films are real files, nothing is paid.");
$("addresses").replaceChildren(...Object.entries(facts.addresses).flatMap(([name, value]) =>
  [el("dt", {text: name.replaceAll("_", " ")}), el("dd", {text: value})]));

// Nobody should take one account for another.
if (facts.env && facts.env !== "local") {
  $("stack").hidden = false;
  $("stack").replaceChildren(el("strong", {text: facts.env}), ` account ${facts.account}, ${facts.region}`);
  document.title = `${facts.env}: dropreel`;
}

// A jump to a part of the page is none to other jobs.
document.querySelector(".skip").addEventListener("click", event => { event.preventDefault(); $("list").focus(); });

// The first jobs are on their way while the form is made.
jobs.begin();
form.begin();
notify.begin();
