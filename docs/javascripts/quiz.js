// Makes forms of the questions of a quiz. Without it the page is a list, its right answers ticked.
"use strict"

const make = (name, properties, ...children) => {
  const made = Object.assign(document.createElement(name), properties)
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
function makeOption(item, type, name, number) {
  const [text, ...explanation] = item.children
  const tick = text.querySelector("input")
  const right = tick.defaultChecked
  tick.remove()
  const verdict = make("strong", {}, right ? "Right answer." : "Wrong answer.")
  explanation[0].prepend(verdict, " ")
  const input = make("input", { type, name, id: `${name}-${number}` })
  const label = make("label", { htmlFor: input.id }, input, make("span", {}, ...text.childNodes))
  const className = right ? "quiz-right" : "quiz-wrong"
  const note = make("div", { className, tabIndex: -1 }, ...explanation)
  item.className = ""
  item.replaceChildren(label, note)
  return { input, note, right }
}

class Question {
  // `kept` is what the browser has stored of it: which options were chosen, whether all are
  // explained, and whether the first answer was right. `changed` hears what to say of a change.
  constructor(heading, kept, changed) {
    const parts = partsBelow(heading)
    const list = parts.find((part) => part.matches("ul.task-list"))
    const type = list.querySelectorAll("input[checked]").length > 1 ? "checkbox" : "radio"
    list.className = "quiz-options"
    this.id = heading.id
    this.options = [...list.children].map((item, n) => makeOption(item, type, heading.id, n + 1))
    this.reread = parts.at(-1)
    this.check = make("button", { className: "md-button md-button--primary" }, "Check")
    this.again = make("button", { className: "md-button", type: "reset" }, "Try again")
    this.explain = make("button", { className: "md-button", type: "button" })
    this.changed = changed
    // `no-copy`: the theme's copy buttons have no type, so in a form they would submit it.
    const form = make("form", { className: "quiz-question no-copy", autocomplete: "off" })
    heading.before(form)
    heading.querySelector(".headerlink")?.remove()
    this.fields = make("fieldset", {}, make("legend", {}, heading), ...parts.slice(0, -1))
    form.append(this.fields, this.reread, this.check, this.again, this.explain)
    form.addEventListener("submit", (event) => this.answer(event))
    form.addEventListener("reset", () => this.open())
    this.explain.addEventListener("click", () => this.explainAll())
    this.show(kept ?? { chosen: [] })
  }

  get right() {
    return this.options.every(({ right }, n) => right === this.state.chosen.includes(n))
  }

  show(state) {
    const { chosen, all, first } = (this.state = state)
    const answered = chosen.length > 0
    this.fields.disabled = answered
    for (const [n, { input, note }] of this.options.entries()) {
      input.checked = chosen.includes(n)
      note.hidden = !answered || !(all || chosen.includes(n))
    }
    this.check.hidden = answered
    this.again.hidden = !answered || this.right || all
    this.explain.hidden = !answered || all
    this.explain.textContent = this.right ? "Explain the others" : "Show the answer"
    this.reread.hidden = first !== false
  }

  answer(event) {
    event.preventDefault()
    const chosen = [...this.options.keys()].filter((n) => this.options[n].input.checked)
    if (!chosen.length) return this.changed("Choose an answer first.")
    this.show({ ...this.state, chosen })
    this.state.first ??= this.right
    this.show(this.state)
    const wrong = chosen.some((n) => !this.options[n].right)
    this.changed(this.right ? "Right." : wrong ? "Not right." : "Right so far, but more is right.")
    this.options[chosen[0]].note.focus()
  }

  open() {
    this.show({ ...this.state, chosen: [], all: false })
    this.changed("")
    this.options[0].input.focus()
  }

  explainAll() {
    this.show({ ...this.state, all: true })
    this.changed("")
    this.options.find(({ right }) => right === !this.right).note.focus()
  }
}

// What stands below a quiz once each question was answered.
function summary(questions) {
  const missed = questions.filter(({ state }) => !state.first)
  const right = questions.length - missed.length
  const links = missed.map(({ reread }) => reread.querySelector("a").cloneNode(true))
  const different = links.filter((a, n) => links.findIndex((b) => a.href === b.href) === n)
  const parts = [make("p", {}, `You had ${right} of ${questions.length} right at the first attempt.`)]
  if (missed.length)
    parts.push(
      make("p", {}, "Worth reading again:"),
      make("ul", {}, ...different.map((link) => make("li", {}, link))),
    )
  const next = document.querySelector(".md-footer__link--next")
  if (next) {
    const title = next.querySelector(".md-ellipsis").textContent.trim()
    parts.push(make("p", {}, "Next: ", make("a", { href: next.href }, title)))
  }
  return parts
}

function makeQuiz(quiz) {
  const key = `quiz:${done.name(location.href)}`
  const kept = __md_get(key) ?? {}
  const status = make("p", { className: "quiz-status", role: "status" })
  const end = make("section", { className: "quiz-end", ariaLabel: "Result" })
  const questions = [...quiz.querySelectorAll("h2")].map(
    (heading) => new Question(heading, kept[heading.id], (words) => changed(words)),
  )
  const changed = (words) => {
    __md_set(key, Object.fromEntries(questions.map(({ id, state }) => [id, state])))
    update(words)
  }
  const update = (words) => {
    const answered = questions.filter(({ state }) => state.first !== undefined)
    const right = answered.filter(({ state }) => state.first).length
    const open = questions.length - answered.length
    const score = `${right} of ${answered.length} right at the first attempt, ${open} to go.`
    status.textContent = `${words} ${answered.length && open ? score : ""}`.trim()
    end.hidden = open > 0
    if (open) return
    end.replaceChildren(...summary(questions), restart)
    done.set(done.name(location.href), true)
  }
  const restart = make("button", { className: "md-button" }, "Start again")
  restart.addEventListener("click", () => {
    for (const question of questions) question.show({ chosen: [] })
    changed("")
    questions[0].options[0].input.focus()
  })
  quiz.append(end, status)
  update("")
}

document.querySelectorAll(".quiz").forEach(makeQuiz)
