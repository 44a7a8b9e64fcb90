// The dialogs that everything shares: one player, and one that asks before something is done. The browser itself closes
// them with Escape and brings the focus back.

import {$, button, el} from "./page.js";
import {kindOf, sourceOf} from "./thumbs.js";

export function play(name, output) {
  const dialog = $("player"), src = sourceOf(output), label = `The film of ${name}`, kind = kindOf(output);
  const shown = kind === "video" ? el("video", {src, controls: true, autoplay: true, playsinline: true, "aria-label": label})
    : kind === "audio" ? el("audio", {src, controls: true, autoplay: true, "aria-label": label})
    : el("img", {src, alt: label});
  dialog.replaceChildren(
    el("div", {class: "top"}, el("h2", {id: "playertitle", text: name}), button("Close", () => dialog.close())), shown, download(name, output));
  // What is no longer shown is no longer loaded.
  dialog.onclose = () => { shown.removeAttribute("src"); shown.load?.(); dialog.replaceChildren(); };
  // Beside it is outside of it.
  dialog.onclick = event => { if (event.target === dialog) dialog.close(); };
  dialog.showModal();
}

export function download(name, output) {
  const file = output.key.split("/").pop();
  return el("a", {class: "button", href: sourceOf(output), download: file},
    `Download ${file.split(".").pop()}, ${(output.bytes / 1e6).toFixed(1)} MB`, el("span", {class: "hidden", text: ` of ${name}`}));
}

// Whether somebody says yes.
export function confirmed(title, words, yes) {
  const dialog = $("asking");
  return new Promise(answer => {
    dialog.returnValue = "";
    dialog.replaceChildren(el("h2", {id: "askingtitle", text: title}), el("p", {id: "askingwords", text: words}),
      el("div", {class: "row"}, button(yes, () => dialog.close("yes"), {class: "main"}), button("Leave it", () => dialog.close("no"))));
    dialog.onclose = () => answer(dialog.returnValue === "yes");
    dialog.showModal();
  });
}
