"""Templates made up for a seed: what Packer allows of sources, steps, variables and their forms."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any

SOURCES = ["file", "null", "docker", "amazon-ebs"]
PROVISIONERS = ["shell", "file", "shell-local", "breakpoint", "powershell"]
POST_PROCESSORS = ["manifest", "checksum", "compress", "artifice", "docker-tag", "shell-local"]
WORDS = ["a", "b2", "web-1", "Web_2", "_x", "source", "sources", "var", "build", "é", "for"]
TEXTS = ["", "x", "two words", "a.b", "#no comment", "/* nor this */", "{{.BuildName}}",
         'say "hi"', "back\\slash", "tab\there", "$", "100%", "$${not}", "%%{not}",
         "}", "{", "山田"]  # fmt: skip


@dataclass
class Made:
    """A block, with each attribute as HCL writes it and as a value in JSON."""

    type: str
    labels: list[str] = field(default_factory=list)
    attributes: dict[str, tuple[str, Any]] = field(default_factory=dict)
    blocks: list[Made] = field(default_factory=list)


class Maker:
    """All that is made up comes from one source of numbers: a seed says it all."""

    def __init__(self, seed: int, *, newer: bool = False) -> None:
        self.random = random.Random(seed)  # noqa: S311  (a test's)
        self.newer = newer
        self.variables: list[str] = []
        self.texts: list[str] = []
        self.locals: list[str] = []
        self.extra: list[Made] = []

    def files(self) -> dict[str, str]:
        """A workspace: its blocks in any order, dealt out to files in HCL and in JSON."""
        variables = [block for name in self._names(4) for block in self._variable(name)]
        local = [self._locals() for _ in range(self.random.randint(0, 2))]
        sources = [(kind, name) for kind in SOURCES for name in self._names(2)]
        blocks = [*variables, *local, *(self._source(*source) for source in sources)]
        if sources or not self.newer:  # Packer since 1.7 wants a source in each build
            blocks += [self._build(sources) for _ in range(self.random.randint(1, 3))]
        blocks += self.extra
        self.random.shuffle(blocks)
        names = self.random.sample(["b.pkr.hcl", "a.pkr.json", "c.pkr.json", "a-2.pkr.hcl"], 3)
        dealt: dict[str, list[Made]] = {}
        for block in blocks:
            dealt.setdefault(self.random.choice(names), []).append(block)
        files = {name: self._written(name, blocks) for name, blocks in dealt.items()}
        given = [name for name in self.texts if self.random.random() < 0.5]
        if given and self.random.random() < 0.5:
            assigned = "".join(f"{name} = {self._text()[0]}\n" for name in given)
            files["team.auto.pkrvars.hcl"] = assigned
        elif given:
            files["team.auto.pkrvars.json"] = json.dumps({name: self._text()[1] for name in given})
        return files

    # --- blocks ---

    def _names(self, most: int) -> list[str]:
        return self.random.sample(WORDS, self.random.randint(0, most))

    def _variable(self, name: str) -> list[Made]:
        self.variables.append(name)
        value = self._plain()
        if isinstance(value[1], str):
            self.texts.append(name)
        if self.random.random() < 0.3:
            return [Made("variables", [], {name: value})]
        attributes: dict[str, tuple[str, Any]] = {"default": value}
        if self.random.random() < 0.5:
            attributes["description"] = self._text()
        if self.random.random() < 0.2:
            attributes["sensitive"] = ("false", False)
        return [Made("variable", [name], attributes)]

    def _locals(self) -> Made:
        names = [f"l{len(self.locals) + number}" for number in range(self.random.randint(0, 3))]
        attributes = {name: self._expression() for name in names}
        self.locals += names
        return Made("locals", [], attributes)

    def _source(self, kind: str, name: str) -> Made:
        return Made("source", [kind, name], self._arguments(), self._inner())

    def _build(self, sources: list[tuple[str, str]]) -> Made:
        build = Made("build")
        if self.random.random() < 0.5:
            build.attributes["name"] = self._literal(self.random.choice(["web", "a.b", "über"]))
        if sources and (self.newer or self.random.random() < 0.8):
            build.attributes["sources"] = self._references(sources)
        for _ in range(self.random.randint(0, 5)):
            build.blocks += self._step(sources)
        return build

    def _references(self, sources: list[tuple[str, str]]) -> tuple[str, Any]:
        names = [self._reference(*self.random.choice(sources))
                 for _ in range(self.random.randint(int(self.newer), 3))]  # fmt: skip
        pairs = [self._literal(name) for name in names]
        comma = self.random.choice([", ", ",\n    ", " , # and\n"])
        end = self.random.choice(["", ",", ",\n  "]) if names else ""
        written = (f"[{comma.join(text for text, _ in pairs)}{end}]", [value for _, value in pairs])
        if self.newer and self.random.random() < 0.3:
            self.locals.append(f"s{len(self.locals)}")
            self.extra.append(Made("locals", [], {self.locals[-1]: written}))
            return self._asked(f"local.{self.locals[-1]}")
        return written

    def _reference(self, kind: str, name: str) -> str:
        """With a first word, which Packer passes over, and more behind, which it does too."""
        first = self.random.choice(["", "source.", "source.", "sources.", "x.", ".", "build 1."])
        last = self.random.choice(["", "", ".more", ".", ".of.it"]) if first else ""
        return f"{first}{kind}.{name}{last}"

    def _step(self, sources: list[tuple[str, str]]) -> list[Made]:
        kind = self.random.choice(["source", "provisioner", "provisioner", "post-processor",
                                   "post-processors", "dynamic"])  # fmt: skip
        if kind == "source":
            named = self._named(self._reference(*self.random.choice(sources))) if sources else None
            return [Made("source", *named)] if named else []
        if kind == "provisioner":
            return [Made(kind, *self._named(self.random.choice(PROVISIONERS)), self._inner())]
        if kind == "post-processor":
            return [Made(kind, *self._named(self.random.choice(POST_PROCESSORS)))]
        if kind == "post-processors":
            chosen = [self.random.choice(POST_PROCESSORS) for _ in range(self.random.randint(0, 3))]
            inner = [Made("post-processor", *self._named(name)) for name in chosen]
            return [Made(kind, [], {}, inner)]
        label = [self._literal(self.random.choice(PROVISIONERS))]
        labels = (f"[{label[0][0]}]", [label[0][1]])
        content = Made("content", [], self._arguments())
        each = ('["once"]', ["once"])
        return [Made(kind, ["provisioner"], {"for_each": each, "labels": labels}, [content])]

    def _named(self, label: str) -> tuple[list[str], dict[str, tuple[str, Any]]]:
        arguments = self._arguments()
        if self.random.random() < 0.4:
            arguments["name"] = self._literal(self.random.choice(["n", "a b", "x.y", "ö"]))
        return [label], arguments

    def _arguments(self) -> dict[str, tuple[str, Any]]:
        names = [name for name in self._names(2) if name not in ("for", "name")]
        return {f"arg_{name}": self._expression() for name in names}

    def _inner(self) -> list[Made]:
        return [Made("nested", [], self._arguments()) for _ in range(self.random.randint(0, 1))]

    # --- expressions ---

    def _literal(self, text: str) -> tuple[str, Any]:
        escaped = json.dumps(text, ensure_ascii=self.random.random() < 0.3)
        return escaped, text

    def _text(self) -> tuple[str, Any]:
        return self._literal(self.random.choice(TEXTS))

    def _plain(self, depth: int = 1) -> tuple[str, Any]:
        """A value that is written out, of any type."""
        chosen = self.random.randint(0, 6 if depth else 3)
        if chosen < 2:
            return self._text()
        if chosen == 2:
            number = self.random.choice([0, 3, 12, 1.5, 0.25, 1000000])
            return json.dumps(number), number
        if chosen == 3:
            return self.random.choice([("true", True), ("false", False)])
        items = [self._plain(0) for _ in range(self.random.randint(0, 3))]
        if chosen < 6:
            return f"[{', '.join(text for text, _ in items)}]", [value for _, value in items]
        keys = ["k1", "k-2", "k 3"][: len(items)]
        written = [f'"{key}" = {text}' for key, (text, _) in zip(keys, items, strict=True)]
        values = [value for _, value in items]
        return "{" + "\n".join(["", *written, ""]) + "}", dict(zip(keys, values, strict=True))

    def _asked(self, expression: str) -> tuple[str, Any]:
        return expression, f"${{{expression}}}"

    def _expression(self) -> tuple[str, Any]:
        known = [f"var.{name}" for name in self.variables] + [f"local.{n}" for n in self.locals]
        asked = self.random.choice(known) if known else '"x"'
        inside = f"of ${{jsonencode({asked})}} and ${{1}}"
        heredoc = f'<<-EOT\n      one ${{jsonencode({asked})}}\n        two }} "\n    EOT'
        forms = [
            self._plain(),
            self._asked(asked),
            self._asked(f'upper("x-{len(known)}")'),
            self._asked(f"[for each in [1, 2] : each if each > 1 && {asked} != null]"),
            self._asked(f"{asked} == null ? [] : [{asked}]"),
            self._asked("1 + 2 * -3"),
            (f'"{inside}"', inside),
            (heredoc, "one\n"),
            self._asked('{ for k, v in { a = "b" } : k => v... }'),
            self._asked("[{ a = 1 }, { a = 2 }][*].a"),
        ]
        return self.random.choice(forms)

    # --- as text ---

    def _written(self, name: str, blocks: list[Made]) -> str:
        if name.endswith(".json"):
            indent = self.random.choice([None, 2])
            return json.dumps(self._object(blocks), indent=indent, ensure_ascii=False)
        return "\n".join(self._hcl(block, "") for block in blocks)

    def _hcl(self, block: Made, margin: str) -> str:
        comment = self.random.choice(["", "", "# a { comment\n", '// " another\n', "/* a\n } */\n"])
        labels = "".join(f" {self._label(label)}" for label in block.labels)
        inner = margin + self.random.choice(["  ", "\t", ""])
        lines = [f"{inner}{name} = {text}" for name, (text, _) in block.attributes.items()]
        lines += [self._hcl(each, inner) for each in block.blocks]
        self.random.shuffle(lines)
        body = "".join(f"{line}\n" for line in lines)
        if not body and self.random.random() < 0.5:
            return f"{comment}{margin}{block.type}{labels} {{}}"
        return f"{comment}{margin}{block.type}{labels} {{\n{body}{margin}}}"

    def _label(self, label: str) -> str:
        bare = label.isidentifier() and label.isascii() and self.random.random() < 0.2
        return label if bare else self._literal(label)[0]

    def _object(self, blocks: list[Made]) -> Any:
        """JSON's object for a body: blocks as a list, which keeps their order, or grouped."""
        made: dict[str, Any] = {}
        for block in blocks:
            body = {name: value for name, (_, value) in block.attributes.items()}
            body |= self._object(block.blocks)
            if self.random.random() < 0.1:
                body["//"] = "a comment"
            for label in reversed(block.labels):
                body = {label: body}
            made.setdefault(block.type, []).append(body)
        return {kind: bodies[0] if len(bodies) == 1 else bodies for kind, bodies in made.items()}
