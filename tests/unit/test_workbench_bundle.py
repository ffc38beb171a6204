"""The bundle of the workbench's first view: one of each module, in the order in which they need each other."""

import pytest

from adapters.http_fastapi.workbench.bundle import SCRIPT, STYLE, bundled


def bundle(first: str, **modules: str) -> dict[str, str]:
    files = {f"{name.replace('__', '/')}.js": text.encode() for name, text in modules.items()}
    return {name: content.decode() for name, content in bundled(files, [f"{first}.js"]).items()}


def test_a_module_follows_those_that_it_imports() -> None:
    made = bundle(
        "main",
        main='import { b as c } from "./lib/b.js";\nc();',
        lib__b='import { a } from "./a.js";\nexport function b() { return a; }',
        lib__a="export const a = 1;\nexport class A {}",
        other="export const o = 1;",
    )
    script = made[SCRIPT]
    places = [script.index(f'modules["{name}"] =') for name in ("lib/a.js", "lib/b.js", "main.js")]
    assert places == sorted(places)
    assert 'const { b: c } = modules["lib/b.js"];' in script
    assert "return { a, A };" in script
    assert "other" not in script
    assert made["lib/a.js"] == 'import { modules } from "../first.js";\nexport const { a, A } = modules["lib/a.js"];\n'
    assert made["other.js"] == "export const o = 1;"


def test_what_is_loaded_later_is_found_from_the_bundle() -> None:
    made = bundle("views/main", views__main='const later = () => import("./other.js");', views__other="")
    assert 'import("./views/other.js")' in made[SCRIPT]


@pytest.mark.parametrize(
    "text", ['import x from "./x.js";', 'import "./x.js";', "export default 1;", "export let a = 1;", "export { a };"]
)
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"main\.js has a form of import or export"):
        bundle("main", main=text, x="export const x = 1;")


def test_modules_that_import_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match=r"import each other: a\.js, b\.js, a\.js"):
        bundle("a", a='import { b } from "./b.js";', b='import { a } from "./a.js";')


def test_common_styles_come_first() -> None:
    files = {"ui/a.css": b"a", "workbench.css": b"w", "ui/plot/p.css": b"p"}
    assert bundled(files, [])[STYLE] == b"w\na\np"
