// Brings what is new on this page, as the server says that there is something. Without it, the page
// is the same, and reloads itself.
"use strict";

let asked = 0;
let shown = 0;

async function bringNews() {
  const turn = ++asked;
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (turn < shown) return; // a later page has come before this one
  shown = turn;
  for (const old of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(old.id);
    if (fresh && !old.isEqualNode(fresh)) old.replaceWith(document.adoptNode(fresh));
  }
}

const live = document.querySelector("[data-news]");
if (live) {
  const source = new EventSource(live.dataset.news);
  source.addEventListener("news", bringNews);
  source.addEventListener("open", bringNews); // what happened while nobody listened
}
