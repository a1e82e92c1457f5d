// Makes forms of the questions of a quiz. Without it the page is a list, its right answers ticked.

const element = (name, attributes, ...children) => {
  const made = document.createElement(name)
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value)
  made.append(...children)
  return made
}

// What stands between a question's heading and the next question.
function partsBelow(heading) {
  const parts = []
  let next = heading.nextElementSibling
  while (next && next.tagName !== heading.tagName) {
    parts.push(next)
    next = next.nextElementSibling
  }
  return parts
}

// An item of the list becomes an option to choose, with its explanation put away.
function makeOption(item, kind, name, number) {
  const [text, ...explanation] = item.children
  const tick = text.querySelector("input")
  const right = tick.defaultChecked
  tick.remove()
  const verdict = element("strong", {}, right ? "Right answer." : "Wrong answer.")
  explanation[0].prepend(verdict, " ")
  const id = `${name}-${number}`
  const input = element("input", { type: kind, name, id })
  const label = element("label", { for: id }, input, element("span", {}, ...text.childNodes))
  const note = element("div", { id: `${id}-why`, class: right ? "quiz-right" : "quiz-wrong" })
  note.append(...explanation)
  note.hidden = true
  item.className = ""
  item.replaceChildren(label, note)
  return { input, note, right }
}

// Shows or puts away what there is to say about an option. A hidden explanation is not referred to:
// a screen reader would read it out.
function reveal({ input, note }, shown) {
  input.disabled = shown
  note.hidden = !shown
  if (shown) input.setAttribute("aria-describedby", note.id)
  else input.removeAttribute("aria-describedby")
}

// `answered` hears true or false when the question is checked, and null when it is open again.
function makeQuestion(heading, answered, say) {
  const parts = partsBelow(heading)
  const list = parts.find((part) => part.matches("ul.task-list"))
  const kind = list.querySelectorAll("input[checked]").length > 1 ? "checkbox" : "radio"
  list.className = "quiz-options"
  const options = [...list.children].map((item, n) => makeOption(item, kind, heading.id, n + 1))
  const check = element("button", { class: "md-button md-button--primary" }, "Check")
  const again = element("button", { class: "md-button", type: "reset" }, "Try again")
  const form = element("form", { class: "quiz-question", autocomplete: "off" })
  heading.before(form)
  heading.querySelector(".headerlink")?.remove()
  form.append(element("fieldset", {}, element("legend", {}, heading), ...parts, check, again))

  const show = (checked) => {
    for (const option of options) reveal(option, checked)
    check.hidden = checked
    again.hidden = !checked
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    if (!options.some(({ input }) => input.checked)) return say("Choose an answer first.")
    show(true)
    again.focus()
    answered(options.every(({ input, right }) => input.checked === right))
  })
  form.addEventListener("reset", () => {
    show(false)
    options[0].input.focus()
    answered(null)
  })
  show(false)
}

function makeQuiz(quiz) {
  const headings = [...quiz.querySelectorAll("h2")]
  const results = new Map()
  const status = element("p", { class: "quiz-status", role: "status" })
  const say = (words) => {
    const right = [...results.values()].filter(Boolean).length
    const open = headings.length - results.size
    const score = results.size ? `Score so far: ${right} of ${results.size}, ${open} to go.` : ""
    status.textContent = `${words} ${score}`.trim()
  }
  for (const heading of headings) {
    const answered = (right) => {
      if (right === null) results.delete(heading)
      else results.set(heading, right)
      say(right === null ? "" : right ? "Right." : "Not right.")
    }
    makeQuestion(heading, answered, say)
  }
  quiz.append(status)
}

document.querySelectorAll(".quiz").forEach(makeQuiz)
