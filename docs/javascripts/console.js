// Copying a console block copies its commands, without prompts and output.
"use strict"

for (const prompt of document.querySelectorAll("code > .gp:first-child")) {
  const code = prompt.parentElement
  const commands = code.textContent.split("\n").filter((line) => line.startsWith("$ "))
  code.dataset.copy = commands.map((line) => line.slice(2)).join("\n") // the theme's button takes this
}
