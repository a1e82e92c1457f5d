// What the theme leaves out for those who read by ear or use the keyboard alone.
"use strict";

function name(selector, words) {
  for (const element of document.querySelectorAll(selector)) {
    if (!element.labels?.[0]?.innerText.trim() && !element.hasAttribute("aria-label"))
      element.setAttribute("aria-label", typeof words === "string" ? words : words(element));
  }
}

addEventListener("load", () => {
  name("[data-md-component=search][role=dialog]", "Search");
  name("input[data-md-toggle=search]", "Search");
  name("input[data-md-toggle=drawer]", "Navigation");
  name(".task-list-item > input", (box) => box.parentElement.innerText.trim().slice(0, 200));
  for (const region of document.querySelectorAll(".md-typeset__scrollwrap, .tabbed-labels"))
    region.tabIndex = 0;
  for (const bar of document.querySelectorAll(".md-code__nav")) bar.role = "none"; // no landmark
  for (const corner of document.querySelectorAll("th:empty"))
    corner.replaceWith(document.createElement("td")); // it is the header of nothing
});
