"""Writes `src/vsps/api_types.py` from the OpenAPI description, or checks that it is current.

    python generate_types.py [--check] [OPENAPI_JSON]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
DESCRIPTION = HERE.parent.parent / "src" / "api" / "openapi.json"
WRITTEN = HERE / "src" / "vsps" / "api_types.py"
HEADER = '"""The types of the control plane. Made by `python generate_types.py`; do not edit."""\n'
OPTIONS = [
    "--input-file-type=openapi",
    "--output-model-type=typing.TypedDict",
    "--target-python-version=3.11",
    "--enum-field-as-literal=all",
    "--use-union-operator",
    "--use-standard-collections",
    "--no-use-closed-typed-dict",
    "--disable-timestamp",
    "--formatters=builtin",
    "--custom-file-header-path",
]


def generate(description: Path) -> str:
    with tempfile.TemporaryDirectory() as folder:
        header, output = Path(folder, "header"), Path(folder, "api_types.py")
        header.write_text(HEADER, encoding="utf-8")
        program = [sys.executable, "-m", "datamodel_code_generator", f"--input={description}"]
        subprocess.run([*program, *OPTIONS, str(header), f"--output={output}"], check=True)
        return output.read_text(encoding="utf-8")


def main(arguments: list[str]) -> int:
    check = "--check" in arguments
    paths = [Path(argument) for argument in arguments if not argument.startswith("--")]
    text = generate(paths[0] if paths else DESCRIPTION)
    if not check:
        WRITTEN.write_text(text, encoding="utf-8")
    elif text != WRITTEN.read_text(encoding="utf-8"):
        print(f"{WRITTEN} is not current: run python generate_types.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
