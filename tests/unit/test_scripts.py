"""A page's modules, joined into one file, do the same as before."""

import subprocess
import sys
from pathlib import Path

import pytest
import rjsmin

from pages.render import bundle

pytestmark = pytest.mark.unit

NODE = Path(sys.executable).with_name("node")
ROOT = Path(__file__).parents[2]

APART = {
    "js/main.js": """
import { count, Bell as Chime } from './deep/bell.js';
import * as words from './words.js';

const bell = new Chime();
console.log(words.greeting, await bell.ring(), count());
export { bell };
""",
    "js/deep/bell.js": """
import {
  greeting,
} from '../words.js';

let rung = 0;

export class Bell {
  async ring() {
    rung += 1;
    return `${greeting}: rung`;
  }
}

export function count() {
  return rung;
}
""",
    "js/words.js": "export const greeting = 'hello';\nconst rung = 'others call theirs so too';\n",
}


def test_joined_modules_do_the_same() -> None:
    joined = bundle.joined(APART.__getitem__, "js/main.js")
    command = [str(NODE), "--input-type=module"]
    run = subprocess.run(command, input=joined, capture_output=True, text=True, check=True)
    assert run.stdout == "hello hello: rung 1\n"
    assert "export { bell };" in joined


def test_each_module_comes_after_its_imports() -> None:
    assert bundle.modules(APART.__getitem__, "js/main.js") == (
        "js/words.js",
        "js/deep/bell.js",
        "js/main.js",
    )


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("js/words.js", "export default 3;"),
        ("js/words.js", "export let tally = 0;"),
        ("js/words.js", "export { greeting };"),
        ("js/main.js", "import words from './words.js';"),
        ("js/main.js", "import './words.js';"),
        ("js/main.js", "export { greeting } from './words.js';"),
    ],
)
def test_an_unknown_form_of_import_or_export_is_an_error(name: str, line: str) -> None:
    with pytest.raises(bundle.ScriptError, match=line.split(";")[0]):
        bundle.joined({**APART, name: f"{line}\n{APART[name]}"}.__getitem__, "js/main.js")


def test_a_circle_of_imports_is_an_error() -> None:
    circle = {**APART, "js/words.js": "import { count } from './deep/bell.js';\n"}
    with pytest.raises(bundle.ScriptError, match=r"js/words\.js.*js/deep/bell\.js"):
        bundle.modules(circle.__getitem__, "js/main.js")


def test_modules_with_the_same_joined_name_are_an_error() -> None:
    twins = {
        "js/main.js": "import { a } from './a-b.js';\nimport { b } from './a_b.js';\n",
        "js/a-b.js": "export const a = 1;\n",
        "js/a_b.js": "export const b = 2;\n",
    }
    with pytest.raises(bundle.ScriptError, match=r"js/a-b\.js"):
        bundle.joined(twins.__getitem__, "js/main.js")


@pytest.mark.parametrize("entry", bundle.ENTRIES)
def test_the_pages_scripts_can_be_joined(entry: str, tmp_path: Path) -> None:
    joined = bundle.joined(lambda name: (ROOT / "static" / name).read_text(), entry)
    (tmp_path / "joined.mjs").write_text(rjsmin.jsmin(joined))
    subprocess.run([NODE, "--check", tmp_path / "joined.mjs"], check=True)
