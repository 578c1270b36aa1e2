"""Write the exact version of every package into pyproject.toml.

    uv run python -m club_site.pins

uv resolves the newest versions that the ranges allow. They are kept as constraints, because uv.lock also
records download addresses, which are not the same on every machine.
"""

import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PINS = re.compile(r"constraint-dependencies = \[.*?\n\]\n", re.DOTALL)


def pins(lock: str) -> list[str]:
    """The packages of a uv.lock as requirements, `name==version`, with the marker if there are several."""
    return sorted(
        f"{package['name']}=={package['version']}"
        + "".join(f"; {marker}" for marker in [" or ".join(package.get("resolution-markers", []))] if marker)
        for package in tomllib.loads(lock)["package"]
        if "registry" in package["source"]
    )


def main() -> None:
    pyproject = ROOT / "pyproject.toml"
    free = PINS.sub("constraint-dependencies = [\n]\n", pyproject.read_text(encoding="utf-8"))
    pyproject.write_text(free, encoding="utf-8")
    subprocess.run(["uv", "lock", "--upgrade"], cwd=ROOT, check=True)
    found = pins((ROOT / "uv.lock").read_text(encoding="utf-8"))
    lines = "".join(f'    "{pin}",\n' for pin in found)
    pyproject.write_text(PINS.sub(lambda _: f"constraint-dependencies = [\n{lines}]\n", free), encoding="utf-8")
    print(f"{len(found)} packages pinned in pyproject.toml")


if __name__ == "__main__":
    main()
