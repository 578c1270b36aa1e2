"""Runs in Pyodide, at build time: packs the libraries as byte code, those that a chat needs by themselves."""

import pathlib
import py_compile
import re
import sys
import zipfile

import bridge

await bridge.warm_up()  # type: ignore  # noqa: F704, PLE1142

LIB, SITE = "lib/python3.14", "lib/python3.14/site-packages"
# What cannot run in a browser, or is never needed by a server.
UNUSED = re.compile(
    r"(idlelib|test|turtledemo|turtle|tkinter|ensurepip|curses|_pyrepl|pdb|doctest|pydoc|pydoc_data|venv|"
    r"multiprocessing|xmlrpc|mailbox|imaplib|smtplib|poplib|ftplib|profile|cProfile|pstats|pickletools|wsgiref|dbm|"
    r"anyio/_backends/_trio|anyio/pytest_plugin|starlette/testclient|fastapi/.agents|pydantic/mypy)([./]|$)"
)
used = set(sys.modules)
import pytest  # noqa: E402, F401

FOR_CHECKS = re.compile(r"(pytest|_pytest|pluggy|iniconfig|packaging|checker|in_page|club/(check|ladder))([./]|$)")
for_checks = set(sys.modules) - used
# Stored: gzip does better on all of it.
packs = {name: zipfile.ZipFile(f"/{name}.zip", "w") for name in ("core", "rest", "check")}
library = ""


def add(pack: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Without the time of day in it, so that one source always gives the same bytes."""
    pack.writestr(zipfile.ZipInfo(name), content)


for root, folder in (("/stdlib", LIB), ("/" + SITE, SITE)):
    for file in sorted(pathlib.Path(root).rglob("*")):
        path = file.relative_to(root).as_posix()
        if file.is_dir() or UNUSED.match(path):
            continue
        name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        checks = FOR_CHECKS.match(path) or (path.startswith("pygments/") and name in for_checks)
        if path.startswith("pygments") and not checks:
            continue
        pack = packs["core" if name in used else "check" if checks else "rest"]
        match file.suffix:
            case ".so":  # the worker links it before Python starts
                library = str(file)
                add(packs["core"], f"{folder}/{path}", b"")
            case ".py":
                bytecode = pathlib.Path("/tmp/bytecode")
                mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
                py_compile.compile(str(file), str(bytecode), f"/{folder}/{path}", True, 2, mode)
                name = f"{folder}/{path}c"
                if re.match(r"anyio/(.*/)?__init__", path):  # anyio reads its own source
                    add(pack, f"{folder}/{path}", file.read_bytes())
                    name = f"{folder}/{path[: path.rindex('/')]}/__pycache__/{file.stem}.cpython-314.pyc"
                add(pack, name, bytecode.read_bytes())
            case _ if file.name in {"METADATA", "entry_points.txt"}:
                head = file.read_bytes().partition(b"\n\n")[0] + b"\n"
                add(packs["check" if FOR_CHECKS.match(path) else "core"], f"{folder}/{path}", head)
# The causes of errors, and the tests and the steps as they are: pytest reads their text.
for file in sorted(pathlib.Path("/home/club").rglob("*")):
    if file.is_file():
        pack = packs["core" if "mistakes" in file.parts else "check"]
        add(pack, str(file).removeprefix("/"), file.read_bytes())
for each in packs.values():
    each.close()
licences = sorted(pathlib.Path("/" + SITE).glob("*.dist-info/**/LICENSE*"))
words = [f"{file.relative_to('/' + SITE).parts[0]}\n\n{file.read_text(encoding='utf-8')}" for file in licences]
pathlib.Path("/licences.txt").write_text("\n\n---\n\n".join(words), encoding="utf-8")
library  # noqa: B018 - what the build gets back
