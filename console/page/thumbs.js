// Small pictures of what was made. A frame of a film is taken once its card comes into view, a few at a time so that
// fifty films do not load at once, and kept for the session.

import {addressOf, el} from "./page.js";

const AT_ONCE = 2, PATIENCE = 20_000, WIDTH = 192, HEIGHT = 108;
const SYMBOLS = {video: "▶", audio: "♪", image: "▣"};
const known = new Map();   // by key: the frame's address, "" where none can be had
const wanted = [];         // {node, key}
let busy = 0;

const watcher = new IntersectionObserver(entries => {
  for (const {isIntersecting, target} of entries) {
    if (!isIntersecting) continue;
    watcher.unobserve(target);
    wanted.push(target);
  }
  next();
}, {rootMargin: "200px"});

export const sourceOf = output => "/api/outputs/" + addressOf(output.key);
export const kindOf = output => (output?.content_type || "").split("/")[0];

export function thumb(output) {
  const kind = kindOf(output), node = el("span", {class: "frame", "aria-hidden": "true", text: SYMBOLS[kind] || ""});
  if (kind === "image") node.replaceChildren(el("img", {src: sourceOf(output), alt: "", loading: "lazy", decoding: "async"}));
  if (kind === "video") {
    node.dataset.key = output.key;
    if (known.has(output.key)) showFrame(node);
    else watcher.observe(node);
  }
  return node;
}

function showFrame(node) {
  const frame = known.get(node.dataset.key);
  if (frame) node.replaceChildren(el("img", {src: frame, alt: ""}), el("span", {class: "mark", text: SYMBOLS.video}));
}

async function next() {
  while (busy < AT_ONCE && wanted.length) {
    const node = wanted.shift();
    if (!node.isConnected) continue;
    busy++;
    take(node).finally(() => { busy--; next(); });
  }
}

async function take(node) {
  const {key} = node.dataset;
  if (!known.has(key)) known.set(key, await frameOf(sourceOf({key})).catch(() => ""));
  showFrame(node);
}

async function frameOf(src) {
  const video = el("video", {preload: "auto", playsinline: true, src: src + "#t=0.1"});
  video.muted = true;
  try {
    await new Promise((found, failed) => {
      video.addEventListener("loadeddata", found);
      video.addEventListener("error", failed);
      setTimeout(failed, PATIENCE);
    });
    return drawn(video);
  } finally {
    // Else the browser goes on loading a film that nobody watches.
    video.removeAttribute("src");
    video.load();
  }
}

function drawn(video) {
  const canvas = el("canvas", {width: WIDTH, height: HEIGHT});
  const scale = Math.max(WIDTH / video.videoWidth, HEIGHT / video.videoHeight);
  const [width, height] = [video.videoWidth * scale, video.videoHeight * scale];
  canvas.getContext("2d").drawImage(video, (WIDTH - width) / 2, (HEIGHT - height) / 2, width, height);
  return canvas.toDataURL("image/jpeg", 0.8);
}
