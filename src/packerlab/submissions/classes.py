"""Who handed in what: the entries of a class's folder or archive.

A class is a folder, or an archive of one, in which every entry is what one learner handed in; the
entry's name is the learner's. Leftovers are nobody's. Where all entries are named as a learning
platform names them, the learner is who that name says.
"""

from __future__ import annotations

import os
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from packerlab.errors import BadInputError, RejectedError
from packerlab.lab import SLUG
from packerlab.submissions.archives import is_archive
from packerlab.submissions.learners import learner_name, person, without_suffix
from packerlab.submissions.leftovers import MARKER, is_no_submission
from packerlab.submissions.platforms import export_of, repositories
from packerlab.submissions.reader import TEMPLATE_SUFFIXES, entries_in, entries_of
from packerlab.submissions.workspaces import below, find_workspaces
from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from packerlab.lab import Lab
    from packerlab.submissions.archives import Entry
    from packerlab.submissions.platforms import Export

MOST_WRAPPERS = 8
"""Folders in one another, each alone, around a class."""


class Handed(NamedTuple):
    """What one learner handed in, not yet read.

    `learner` is a gradebook's key, `name` what people call the learner, `id` what their learning
    platform calls them. It says when it was handed in, in its local time, or that it was `late`;
    what it has of `earlier` times is there too, oldest first. `refusal` is set where it can't be
    told whose it is.
    """

    learner: str
    name: str
    entries: Callable[[], list[Entry]]
    refusal: str = ""
    id: str = ""
    at: str = ""
    late: bool = False
    earlier: tuple[Handed, ...] = ()

    @property
    def turns(self) -> tuple[Handed, ...]:
        """What was handed in each time."""
        return (*self.earlier, self)


class Class(NamedTuple):
    """All that was handed in, in order, and the entries that are nobody's."""

    handed: list[Handed]
    passed_over: list[str]
    platforms: tuple[str, ...] = ()


class _Item(NamedTuple):
    """An entry of a class, not yet read."""

    name: str
    entries: Callable[[], list[Entry]]


def handed_in(paths: list[Path], lab: Lab | None) -> Class:
    """Who handed in what: each PATH is what one learner handed in, or a class.

    Several paths are the entries of one class, as a shell lists them for `class/*`, where one of
    them can be nothing else: then no folder among them is a class, whatever it holds.
    """
    for path in paths:
        if not os.path.lexists(path):
            raise BadInputError(f"{path}: there is no such file or folder.")
    together = len(paths) > 1 and any(_is_one_s(path, lab) for path in paths)
    if len(paths) > 1 and not together and _is_all_of_a_folder(paths):
        raise BadInputError(
            f"{paths[0].parent} holds just these folders, and none has a {MARKER}: they could be "
            f"learners or classes. Name {paths[0].parent} if they are learners, else one at a time."
        )
    if together:
        classes = [[_item(path) for path in paths]]
    else:
        for path in paths:
            _refuse_wrapped_export(path, lab)
        classes = [_class_of(path, lab) or [_item(path)] for path in paths]
    found: list[Handed] = []
    passed_over: list[str] = []
    platforms: list[str] = []
    for items in classes:
        passed_over += [visible(item.name) for item in items if is_no_submission(item.name)]
        own = [item for item in items if not is_no_submission(item.name)]
        export = _export_of(own)
        platforms += [export.platform] if export else []
        found += _by_learner(own, export)
    return Class(_told_apart(found), passed_over, tuple(dict.fromkeys(platforms)))


def _item(path: Path) -> _Item:
    name = path.resolve().name if path.name in ("", "..") else path.name
    return _Item(name, partial(entries_of, path))


def _told_apart(handed: list[Handed]) -> list[Handed]:
    """Refuse what was handed in under names that are one to people or to a disk: each of it."""
    alike = Counter(unquote(each.learner).casefold() for each in handed)
    return [
        each
        if alike[unquote(each.learner).casefold()] == 1
        else each._replace(refusal="another entry has the same learner's name.")
        for each in handed
    ]


# --- one learner's, or a class --------------------------------------------------------------------


def _is_one_s(path: Path, lab: Lab | None) -> bool:
    """Whether a path can only be what one learner handed in."""
    if path.is_symlink() or not path.is_dir():
        return True
    names = _names(path)
    return _is_workspace(names, lab) or _is_one_s_labs(path, names, lab)


def _is_workspace(names: Iterable[str], lab: Lab | None) -> bool:
    """Whether a folder with these names in it is a workspace, as far as they tell."""
    return any(name == MARKER or (lab and name.endswith(TEMPLATE_SUFFIXES)) for name in names)


def _is_one_s_labs(folder: Path, names: list[str], lab: Lab | None) -> bool:
    """Whether a folder holds one learner's workspaces of several labs."""
    own = [name for name in names if not is_no_submission(name)]
    packed = [name for name in own if is_archive(name)]
    folders = [name for name in own if name not in packed and (folder / name).is_dir()]
    return _are_labs(packed + folders) and all(
        _is_workspace(_names(folder / name), lab) for name in folders
    )


def _are_labs(names: Iterable[str]) -> bool:
    """Whether all that is submitted there has a lab's name, as `start` gives it: no learner's."""
    own = [without_suffix(name) for name in names]
    return bool(own) and all(map(SLUG.fullmatch, own))


def _is_all_of_a_folder(paths: list[Path]) -> bool:
    """Whether the paths are what `folder/*` stands for."""
    parents = {path.parent for path in paths}
    if len(parents) > 1 or any(path.name in ("", "..") for path in paths):
        return False
    listed = {name for name in _names(*parents) if not name.startswith(".")}
    return {name for name in listed if not is_no_submission(name)} <= {path.name for path in paths}


def _class_of(path: Path, lab: Lab | None) -> list[_Item]:
    """The entries of the class at `path`; none where it is what one learner handed in."""
    if path.is_dir():
        return _class_in_folder(path, lab)
    try:
        return _class_in_archive(entries_of(path), lab) if is_archive(path.name) else []
    except RejectedError:  # it will be said of the one whose it is
        return []


def _refuse_wrapped_export(path: Path, lab: Lab | None) -> None:
    """Say so where a platform's export is all that is in a folder: it is no one learner's."""
    own = [name for name in _names(path) if not is_no_submission(name)] if path.is_dir() else []
    alone = path / own[0] if len(own) == 1 else None
    if alone is None or alone.is_symlink():
        return
    inside = _names(alone) or [item.name for item in _class_of(alone, lab)]
    if _is_exported(inside):
        raise BadInputError(
            f"{visible(str(alone))} holds what a learning platform exported, and nothing else is "
            f"in {visible(str(path))}: name {visible(own[0])} itself."
        )


def _class_in_folder(path: Path, lab: Lab | None) -> list[_Item]:
    try:
        names = sorted(entry.name for entry in path.iterdir())
    except OSError as error:
        raise BadInputError(f"{path} can't be read: {error.strerror}.") from None
    if _is_exported(names):
        pass
    elif _is_workspace(names, lab):
        # A loose template or marker among the entries of a class makes no workspace of it.
        own = {folder.name for folder in lab.starter.iterdir()} if lab else set()
        template = lab is not None and MARKER not in names
        others = (path / name for name in names if name not in own and not is_no_submission(name))
        if not any(_holds_a_workspace(other, any_template=template) for other in others):
            return []
    elif _is_one_s_labs(path, names, lab):
        return []
    return [_Item(name, partial(entries_of, path / name)) for name in names]


def _is_exported(names: Iterable[str]) -> bool:
    """Whether a learning platform named all that was submitted: templates too, a file for each."""
    return export_of([name for name in names if not is_no_submission(name)]) is not None


def _names(folder: Path) -> list[str]:
    """What lies in a folder; nothing in one that can't be listed."""
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return []


def _holds_a_workspace(path: Path, *, any_template: bool) -> bool:
    """Whether a folder or archive is a submission by itself, and no file of a workspace."""
    try:
        if path.is_symlink() or not (path.is_dir() or is_archive(path.name)):
            return False
        return bool(find_workspaces(entries_of(path), any_template=any_template).folders)
    except RejectedError:
        return False


def _class_in_archive(entries: list[Entry], lab: Lab | None) -> list[_Item]:
    """The same for an archive, which may have folders around the class."""
    for _ in range(MOST_WRAPPERS):
        tops = _tops(entries)
        own = [name for name in tops if not is_no_submission(name)]
        exported = _is_exported(tops)
        alone = len(own) == 1 and _is_folder(own[0], tops[own[0]])
        if exported or not alone or _is_workspace(tops, lab):
            break
        entries = below(entries, own[0])
    submitted = [name for name in own if _may_be_submitted(name, tops[name], lab)]
    if not exported and (_is_workspace(tops, lab) or len(submitted) < 2 or _are_labs(submitted)):
        return []
    return [_Item(name, partial(_inside, name, tops[name])) for name in tops]


def _tops(entries: list[Entry]) -> dict[str, list[Entry]]:
    """What lies in each file or folder at the top of a tree."""
    tops: dict[str, list[Entry]] = {}
    for entry in entries:
        tops.setdefault(entry.name.partition("/")[0], []).append(entry)
    return tops


def _is_folder(name: str, entries: list[Entry]) -> bool:
    return any(entry.name != name for entry in entries)


def _may_be_submitted(name: str, entries: list[Entry], lab: Lab | None) -> bool:
    return is_archive(name) or any(
        is_archive(entry.name) or _is_workspace([entry.name.rpartition("/")[2]], lab)
        for entry in entries
    )


def _inside(name: str, entries: list[Entry]) -> list[Entry]:
    if _is_folder(name, entries):
        return below(entries, name)
    return entries_in(entries[0])


# --- whose it is ---------------------------------------------------------------------------------


def _export_of(items: list[_Item]) -> Export | None:
    """The platform that named all of these entries; a git classroom's are repositories as well."""
    names = [item.name for item in items]
    if export := export_of(names):
        return export
    cloned = repositories(names)
    return cloned if cloned and all(map(_is_repository, items)) else None


def _is_repository(item: _Item) -> bool:
    try:
        return any(entry.name.partition("/")[0] == ".git" for entry in item.entries())
    except RejectedError:
        return False


def _by_learner(items: list[_Item], export: Export | None) -> list[Handed]:
    """What each learner handed in: an entry, or all those of one learner of a platform's export."""
    if not export:
        return [Handed(learner_name(name), person(name), entries) for name, entries in items]
    if export.platform == "git":
        logins = [(export.said[item.name].id, item.entries) for item in items]
        return [Handed(learner_name(own), own, entries, id=own) for own, entries in logins]
    turns: dict[str, dict[str, Handed]] = {}
    files: dict[tuple[str, str], list[_Item]] = {}
    for item in items:
        said = export.said[item.name]
        own = files.setdefault((said.key, said.at), [])
        if said.file or export.platform == "Moodle":
            own.append(item._replace(name=said.file))
        turn = Handed(
            learner_name(said.key), person(said.name), partial(_together, own),
            id=said.id, at=said.at, late=said.late,
        )  # fmt: skip
        turns.setdefault(said.key, {}).setdefault(said.at, turn)
    return [_in_turn([own[at] for at in sorted(own)]) for own in turns.values()]


def _in_turn(turns: list[Handed]) -> Handed:
    """The last that a learner handed in, with what came before it."""
    return turns[-1]._replace(earlier=tuple(turns[:-1]))


def _together(items: list[_Item]) -> list[Entry]:
    """One learner's files as a tree; one of them that can't be taken in harms no other."""
    found: list[Entry] = []
    trouble = ""
    for name, entries in items:
        try:
            taken = entries()
        except RejectedError as error:
            trouble = trouble or str(error)
            continue
        if name.endswith(TEMPLATE_SUFFIXES) and len(taken) == 1:
            found.append(taken[0]._replace(name=name))
        else:
            above = f"{name}/" if name else ""
            found += [entry._replace(name=above + entry.name) for entry in taken]
    if trouble and not found:
        raise RejectedError(trouble)
    return found
