// A note of the browser's when a film is done, for those who ask for it.

import {$, say} from "./page.js";
import {errorOf, nameOf, under} from "./card.js";

const KEPT = "dropreel-notes";
const may = () => "Notification" in window && Notification.permission === "granted";

export const wanted = () => $("notify").checked;

export function begin() {
  $("notify").checked = may() && localStorage.getItem(KEPT) === "yes";
  $("notify").addEventListener("change", async () => {
    if (wanted() && !may() && await window.Notification?.requestPermission() !== "granted") {
      $("notify").checked = false;
      say("Your browser does not let this page show notes.");
      $("notifyno").hidden = false;
    }
    localStorage.setItem(KEPT, wanted() ? "yes" : "no");
  });
}

export function told(job) {
  if (!wanted() || under(job) || document.hasFocus()) return;
  const words = job.status === "SUCCEEDED" ? "The film is done." : `${job.status.toLowerCase()}. ${errorOf(job).problem}`;
  new Notification(nameOf(job), {body: words, tag: job.job_id});
}
