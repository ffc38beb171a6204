"""Puts the modules of the first view into one file, and the style sheets into another: browsers load few files faster.

The modules stay as they are written. They use one form of imports, ``import { a, b as c } from "./x.js";``, and of
exports, ``export`` before a function, a class or a constant; anything else raises ``ValueError`` at the start.
"""

import re
from collections.abc import Iterable, Mapping
from posixpath import dirname, join, normpath, relpath

SCRIPT, STYLE = "first.js", "first.css"
_IMPORT = re.compile(r'^import \{ ([\w, ]+) \} from "(\.[^"]+)";$', re.MULTILINE)
_DYNAMIC = re.compile(r'\bimport\("(\.[^"]+)"\)')
_EXPORT = re.compile(r"^export (?=(?:async )?function\b|class\b|const\b)", re.MULTILINE)
_NAME = re.compile(r"^export (?:(?:async )?function\*?|class|const) (\w+)", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*$", re.MULTILINE)


def bundled(files: Mapping[str, bytes], first: Iterable[str]) -> dict[str, bytes]:
    """These files with ``SCRIPT`` and ``STYLE`` in addition; ``first`` names the modules to begin with.

    A module in ``SCRIPT`` is replaced by one that has its exports from there, so that there is one of each. Raises
    ``ValueError``.
    """
    texts = {name: content.decode() for name, content in files.items() if name.endswith(".js")}
    order: list[str] = []
    for name in first:
        _add(name, texts, order, ())
    parts = ["const modules = {};", *(_part(name, texts[name]) for name in order), "export { modules };"]
    styles = [content for name, content in sorted(files.items(), key=_style_order) if name.endswith(".css")]
    return {
        **files,
        **{name: _stand_in(name, texts[name]).encode() for name in order},
        SCRIPT: "\n".join(parts).encode(),
        STYLE: b"\n".join(styles),
    }


def _style_order(file: tuple[str, bytes]) -> tuple[int, str]:
    """The common style sheet before those of pieces and views."""
    return file[0].count("/"), file[0]


def _add(name: str, texts: Mapping[str, str], order: list[str], importers: tuple[str, ...]) -> None:
    """Adds a module after those that it imports."""
    if name in importers:
        raise ValueError(f"These modules import each other: {', '.join([*importers, name])}.")
    if name in order:
        return
    for _, path in _IMPORT.findall(texts[name]):
        _add(_resolved(name, path), texts, order, (*importers, name))
    order.append(name)


def _resolved(name: str, path: str) -> str:
    return normpath(join(dirname(name), path))


def _part(name: str, text: str) -> str:
    """A module as a function that gives its exports."""
    exports = ", ".join(_NAME.findall(text))
    text = _IMPORT.sub(
        lambda found: f'const {{ {found[1].replace(" as ", ": ")} }} = modules["{_resolved(name, found[2])}"];', text
    )
    text = _EXPORT.sub("", _DYNAMIC.sub(lambda found: f'import("./{_resolved(name, found[1])}")', text))
    if other := _OTHER.search(text):
        raise ValueError(f"{name} has a form of import or export that bundle.py does not know: {other[0]}")
    return f'modules["{name}"] = (() => {{\n{text}\nreturn {{ {exports} }};\n}})();'


def _stand_in(name: str, text: str) -> str:
    """What a module that is not in the bundle gets from the place of one that is."""
    back = relpath(SCRIPT, dirname(name) or ".")
    source = back if back.startswith(".") else f"./{back}"
    exports = ", ".join(_NAME.findall(text))
    return f'import {{ modules }} from "{source}";\nexport const {{ {exports} }} = modules["{name}"];\n'
