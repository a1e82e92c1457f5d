"""HCL made by chance, the same for the same seed: templates that are right, and mutants of them."""

from __future__ import annotations

import re
from random import Random

WORDS = ("a", "name", "for", "if", "in", "x-y", "größe", "null", "true", "_z", "endif")
OPERATORS = ("+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "&&", "||")
NUMBERS = ("0", "12", "1.5", "2e3", "1.5E-7", "010")
PIECES = (
    *OPERATORS, *"{}[]().,:=?!~|&;'`@\\\"#$%", "=>", "...", "::", "${", "%{", "~}", "<<", "\n", " ",
    "\r\n", "\r", "//", "/*", "*/", "for", "in", "if", "endif", "a", "1", "1.", "e5", ".5", "-1",
    '"b"', '"', "<<E\n", "<<-E\n", "\nE\n", "$${", "\\n", "\\q", "\\u00e9", "\\u12", "“", "\u00a0",
    "\t", "\u200b", "\ufeff", "é", "(b)", "[0]", "[*]", ".*", " = ", ", ", "null", "%{ else }",
)  # fmt: skip
"""What a mutant may get: HCL's own tokens, and what people type or paste by mistake."""

_TOKEN = re.compile(r'[\w-]+|[ \t]+|"|\s|.', re.DOTALL)


class Texts:
    """Templates by chance; `depth` bounds how far expressions nest."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311  (nothing secret)
        self._names = 0

    def template(self) -> str:
        """A file that Packer takes."""
        return "".join(self._item("", 2) for _ in range(self.random.randint(1, 4)))

    def mutant(self) -> str:
        """A file that Packer may not take any more."""
        pieces = _TOKEN.findall(self.template())
        for _ in range(self.random.choice((1, 1, 1, 2))):
            self._mutate(pieces)
        return "".join(pieces)

    def _mutate(self, pieces: list[str]) -> None:
        at = self.random.randrange(len(pieces))
        how = self.random.choice(("delete", "double", "swap", "insert", "replace", "break"))
        if how == "delete":
            del pieces[at]
        elif how == "double":
            pieces.insert(at, pieces[at])
        elif how == "swap":
            other = min(at + self.random.randint(1, 3), len(pieces) - 1)
            pieces[at], pieces[other] = pieces[other], pieces[at]
        elif how == "break":
            pieces.insert(at, self.random.choice(("\n", "\r\n", " # c\n", "/* c */")))
        else:
            pieces[at : at + (how == "replace")] = [self.random.choice(PIECES)]
        if not pieces:
            pieces.append("\n")

    # --- bodies ---

    def _item(self, indent: str, depth: int) -> str:
        pick = self.random.random()
        if pick < 0.1:
            return self.random.choice(("\n", f"{indent}# comment\n", f"{indent}/* a\n b */\n"))
        if pick < 0.6 or not depth:
            value = self._heredoc() if pick < 0.15 else self._value(3) + self._line_end()
            return f"{indent}{self._new_name()} = {value}"
        labels = "".join(
            self.random.choice((' "l"', " l", ' "é$${"')) for _ in range(self.random.randrange(3))
        )
        head = f"{indent}{self.random.choice(WORDS)}{labels} {{"
        if self.random.random() < 0.2:
            inside = self.random.choice(("", f" {self._new_name()} = {self._value(2)} "))
            return f"{head}{inside}}}{self._line_end()}"
        items = [self._item(f"{indent}  ", depth - 1) for _ in range(self.random.randrange(4))]
        return f"{head}\n{''.join(items)}{indent}}}{self._line_end()}"

    def _line_end(self) -> str:
        return self.random.choice(("\n", "\n", "\n", " # c\n", " // c\n", "\r\n", " /* c */\n"))

    def _new_name(self) -> str:
        """No argument may be set twice."""
        self._names += 1
        return f"{self.random.choice(WORDS)}{self._names}"

    # --- values ---

    def _value(self, depth: int) -> str:
        simple = (self._word, self._number, self._string)
        deep = (self._list, self._object, self._call, self._operation, self._condition, self._steps,
                self._for, self._sign, self._parentheses)  # fmt: skip
        if not depth or self.random.random() < 0.3:
            return self.random.choice(simple)(0)
        return self.random.choice((*simple, *deep, *deep))(depth - 1)

    def _word(self, _: int) -> str:
        return self.random.choice(WORDS)

    def _number(self, _: int) -> str:
        return self.random.choice(NUMBERS)

    def _string(self, depth: int) -> str:
        parts = [self._part(depth) for _ in range(self.random.randrange(4))]
        return f'"{"".join(parts)}"'

    def _part(self, depth: int) -> str:
        value = self._value(depth) if depth else self._word(0)
        plain = ("b c", "\\n", '\\"', "$${", "%%{", "$ ", "% ", "é\u00a0", "\\u00e9", "'", "#", "}")
        return self.random.choice(
            (*plain, f"${{{value}}}", f"${{~ {value} ~}}",
             f"%{{ if {value} }}x%{{ else }}y%{{ endif }}",
             f"%{{ for k, v in {value} ~}}${{v}}%{{ endfor }}")
        )  # fmt: skip

    def _space(self) -> str:
        """Between brackets a line may end anywhere."""
        return self.random.choice(("", "", " ", "\n", " # c\n", " /* c */ ", "\r\n"))

    def _joined(self, depth: int) -> str:
        values = [self._value(depth) for _ in range(self.random.randrange(4))]
        comma = self.random.choice(("", ",")) if values else ""
        return f",{self._space()}".join(f"{value}{self._space()}" for value in values) + comma

    def _list(self, depth: int) -> str:
        values = self._joined(depth)
        values = f"0, {values}" if values.startswith("for") else values
        return f"[{self._space()}{values}{self._space()}]"

    def _call(self, depth: int) -> str:
        spread = self.random.choice(("", "", "..."))
        arguments = self._value(depth) + spread if spread else self._joined(depth)
        return f"{self.random.choice(WORDS)}({self._space()}{arguments}{self._space()})"

    def _object(self, depth: int) -> str:
        pairs = []
        for _ in range(self.random.randrange(4)):
            key = self.random.choice(("k", '"k k"', "(var.k)", "5", '"${a}"', "if", "null"))
            pairs.append(f"{key} {self.random.choice('=:')} {self._value(depth)}")
        joined = self.random.choice((", ", ",\n", "\n", " # c\n")).join(pairs)
        return (
            f"{{{self.random.choice((' ', chr(10)))}{joined}{self.random.choice((' ', chr(10)))}}}"
        )

    def _operation(self, depth: int) -> str:
        return f"{self._value(depth)} {self.random.choice(OPERATORS)} {self._value(depth)}"

    def _condition(self, depth: int) -> str:
        return f"{self._value(depth)} ? {self._value(depth)} : {self._value(depth)}"

    def _sign(self, depth: int) -> str:
        return self.random.choice(("-", "!", "- -", "!!")) + self._value(depth)

    def _parentheses(self, depth: int) -> str:
        inside = f"{self._value(depth)}{self._space()}"
        return f"({self._space()}{self.random.choice((inside, inside, self._heredoc()))})"

    def _steps(self, depth: int) -> str:
        steps = [
            self.random.choice((".b", ".0[1]", "[0]", '["b"]', f"[{self._value(depth)}]", "[*]"))
            for _ in range(self.random.randint(1, 3))
        ]
        return self._word(0) + "".join(steps) + self.random.choice(("", "", ".*.b.0"))

    def _for(self, depth: int) -> str:
        names = self.random.choice(("v", "k, v"))
        condition = self.random.choice(("", f" if {self._value(0)}"))
        space = self._space() or " "
        begin = f"for {names} in {self._value(depth)}{space}:{space}"
        if self.random.random() < 0.5:
            return f"[{begin}{self._value(depth)}{condition}]"
        return f"{{{begin}k => {self._value(depth)}{self.random.choice(('', '...'))}{condition}}}"

    def _heredoc(self) -> str:
        flush = self.random.choice(("", "-"))
        lines = "".join(f"  {self._part(0)} text\n" for _ in range(self.random.randrange(3)))
        return f"<<{flush}EOT\n{lines}  EOT\n"
