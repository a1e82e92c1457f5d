// On the map each step has a tick, and above it stands what comes next.
"use strict"

function drawMap(map) {
  const steps = [...map.querySelectorAll("li")].map((item) => {
    const link = item.querySelector("a")
    const tick = document.createElement("input")
    tick.type = "checkbox"
    tick.ariaLabel = `Done: ${link.innerText}`
    tick.checked = done.names().has(done.name(link.href))
    tick.addEventListener("change", () => {
      done.set(done.name(link.href), tick.checked)
      sum()
    })
    item.prepend(tick)
    return { link, tick }
  })
  const status = document.createElement("p")
  status.role = "status"
  map.before(status)
  const sum = () => {
    const next = steps.find(({ tick }) => !tick.checked)?.link
    const count = steps.filter(({ tick }) => tick.checked).length
    status.replaceChildren(
      count
        ? `${count} of ${steps.length} steps done. `
        : "Tick what you have done. Your browser keeps the ticks, and nobody else sees them. ",
    )
    if (next) status.append("Next: ", next.cloneNode(true))
  }
  sum()
}

document.querySelectorAll(".map").forEach(drawMap)
