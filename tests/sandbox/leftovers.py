"""What random programs leave: trees and stores that no person would make, for a supervisor to read.

`LITTER` is a Python program that makes one from a seed; it needs no more than the standard library.
"""

from __future__ import annotations

LITTER = r'''
import json, os, random, socket, sys
chance = random.Random(int(sys.argv[1]))
roots = [each for each in sys.argv[2:] if os.path.isdir(each)]
NAMES = ["a", "b", "=x", "-n", "..x", "x" * 255, "\udcff\udcfe", "a\nb", "\x1b[31m", "{}", "1",
         "\u202e", " ", "passwd", "images.json", "layers.json", "manifest.json", "o.tar", "diff"]
VALUES = [None, True, 0, -1, 1.5, 10**40, "", "a", "\ud800", [], {}, ["a"], [5], {"a": 1}, "../..",
          "f" * 64, [None], {"config": 5}, "sha256:" + "0" * 64]


def quietly(do, *words):
    try:
        do(*words)
    except (OSError, ValueError, UnicodeError):
        pass


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def changed(value):
    """JSON with one thing in it replaced, added or taken away."""
    if isinstance(value, (list, dict)) and value and chance.random() < 0.9:
        keys = list(range(len(value))) if isinstance(value, list) else list(value)
        key = chance.choice(keys)
        done = chance.random()
        if done < 0.1:
            del value[key]
        elif done < 0.2 and isinstance(value, list):
            value.append(value[key])
        elif done < 0.3 and isinstance(value, dict):
            value[chance.choice(["id", "names", "layer", "parent", "diff-digest"])] = value[key]
        else:
            value[key] = changed(value[key])
        return value
    return chance.choice(VALUES)


def edit(path):
    with open(path, "rb") as file:
        data = file.read(2_000_000)
    try:
        write(path, json.dumps(changed(json.loads(data))).encode())
    except ValueError:
        cut = chance.randrange(len(data) + 1)
        write(path, data[:cut] + os.urandom(chance.randrange(9)) + data[cut + chance.randrange(9):])


def everything():
    found = []
    for root in roots:
        for folder, folders, files in os.walk(root):
            found += [(f"{folder}/{name}", name in files) for name in folders + files]
            if len(found) > 3_000:
                break
    return found or [(roots[0], False)]


def into(path):
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    return folder + "/" + chance.choice(NAMES)


def sparse(path):
    write(into(path), b"")
    os.truncate(into(path), chance.choice([1, 10**6, 10**8]))


def deep(path):
    here = os.getcwd()
    os.chdir(os.path.dirname(into(path)))
    for _ in range(chance.choice([5, 60, 3_000])):
        os.mkdir("d")
        os.chdir("d")
    os.chdir(here)


def swap(path):
    os.rename(path, path + ".old")
    chance.choice([
        lambda: write(path, b"x"), lambda: os.mkdir(path), lambda: os.mkfifo(path),
        lambda: socket.socket(socket.AF_UNIX).bind(path), lambda: os.symlink("/etc/passwd", path),
        lambda: os.symlink(path, path), lambda: None,
    ])()


ACTIONS = [
    swap, swap, edit, edit, edit, deep, sparse, os.unlink,
    lambda path: os.mkdir(into(path)),
    lambda path: os.mkfifo(into(path)),
    lambda path: os.symlink(chance.choice(["/", "..", "/etc/passwd", "x", path]), into(path)),
    lambda path: os.link(path, into(path)),
    lambda path: os.chmod(path, chance.choice([0, 0o7777, 0o200])),
    lambda path: os.setxattr(path, chance.choice(["user.overlay.opaque", "user.overlay.redirect",
        "user.overlay.metacopy", "user.x", "user.overlay.origin"]), b"y", 0, follow_symlinks=False),
    lambda path: os.mknod(into(path), 0o020000, 0),
    lambda path: write(into(path), os.urandom(chance.choice([0, 10, 10**5]))),
    lambda path: write(into(path), b"\x1f\x8b" + os.urandom(30)),
    lambda path: write(into(path), json.dumps(chance.choice(VALUES)).encode()),
]
for _ in range(chance.randrange(1, 12)):
    found = everything()
    heavy = [path for path, _ in found if path.endswith(".json") or "/=" in path]
    path = chance.choice(heavy if heavy and chance.random() < 0.5 else [path for path, _ in found])
    quietly(chance.choice(ACTIONS), path)
'''
