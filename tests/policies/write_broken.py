"""
The mistakes of `broken.txt` and `broken_budgets.txt` as files, to be checked by hand:

    python -m tests.policies.write_broken FOLDER
    farebox check FOLDER

Each mistake has a folder of its own, with a `said.txt` beside the files: what must be told of them.
A mistake in a file that a policy names is told of that file and again where the policy is checked.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from tests.policy_files import BUDGETS, INCLUDING, POLICY, PRICES

_HERE = Path(__file__).parent
_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\x07": "\x07"}
_NAME_LENGTH = 48
_PLACE = re.compile(r"^[0-9]+:[0-9]+: ")


@dataclass(frozen=True, slots=True)
class Broken:
    """One mistake: files of one folder, and what must be said of them."""

    name: str
    """Of its folder: a number, and the first of what is said."""
    files: dict[str, str]
    """By name: what stands in each."""
    checked: str
    """The file to check: the others are named by it."""
    said: tuple[str, ...]
    """As `policy.yaml:3:1: unknown key 'prefre'; did you mean 'prefer'?`."""

    def write(self, folder: Path) -> list[str]:
        """Write the files into a folder that is there; gives what must be said, with paths."""
        for name, text in self.files.items():
            (folder / name).write_text(text, encoding="utf-8")
        return [f"{folder / line}" for line in self.said]


def broken_policies() -> list[Broken]:
    """Read `broken.txt`: a policy, a price book or budgets of a policy, wrong in one place."""
    return [
        _broken_policy(number, *case)
        for number, case in enumerate(_cases("broken.txt", ["in", "for", "with", "says"]), 1)
    ]


def _broken_policy(number: int, file: str, stands: str, instead: str, *said: str) -> Broken:
    # Budgets stand in the policy itself, unless it is their own file that is broken.
    apart = file == "budgets.yaml"
    files = {"policy.yaml": INCLUDING if apart else POLICY, "prices.yaml": PRICES}
    if apart:
        files[file] = BUDGETS
    old, new = _unescaped(stands), _unescaped(instead)
    assert old in files[file], f"{file} has no {stands}"
    files[file] = files[file].replace(old, new, 1)
    return Broken(
        name=_name(number, said[0]),
        files=files,
        checked="policy.yaml",
        said=tuple(f"{file}:{text}" for text in said),
    )


def broken_budgets() -> list[Broken]:
    """Read `broken_budgets.txt`: files of budgets, each checked for itself."""
    return [
        Broken(
            name=_name(number, said[0]),
            files={"budgets.yaml": _unescaped(written) + "\n"},
            checked="budgets.yaml",
            said=tuple(f"budgets.yaml:{text}" for text in said),
        )
        for number, (written, *said) in enumerate(_cases("broken_budgets.txt", ["file", "says"]), 1)
    ]


def _cases(table: str, words: list[str]) -> Iterator[list[str]]:
    """Read a table's cases, each as the texts behind `words`, of which the last may repeat."""
    for paragraph in (_HERE / table).read_text(encoding="utf-8").split("\n\n"):
        lines = [line for line in paragraph.splitlines() if not line.startswith("#")]
        if lines:
            assert [word for word, _ in groupby(line[:4].strip() for line in lines)] == words, lines
            yield [line[6:] for line in lines]


def _unescaped(text: str) -> str:
    """Read the escapes that the tables use as Python does."""
    for escape, meant in _ESCAPES.items():
        text = text.replace(escape, meant)
    return text


def _name(number: int, said: str) -> str:
    words = re.findall(r"[a-z0-9]+", _PLACE.sub("", said).lower())
    return f"{number:03}-{'-'.join(words)[:_NAME_LENGTH].rstrip('-')}"


def write_all(folder: Path) -> list[tuple[Path, list[str]]]:
    """
    Write every mistake below a folder.

    Returns:
        Of each mistake, the file to check and what must be said, in the order of the tables.
    """
    written: list[tuple[Path, list[str]]] = []
    for table, mistakes in (("policies", broken_policies()), ("budgets", broken_budgets())):
        for broken in mistakes:
            own = folder / table / broken.name
            own.mkdir(parents=True)
            written.append((own / broken.checked, broken.write(own)))
            (own / "said.txt").write_text("\n".join(broken.said) + "\n", encoding="utf-8")
    return written


def main(arguments: Sequence[str]) -> None:
    """Write all of them into the folder that is named; what is there already is left alone."""
    parser = argparse.ArgumentParser(prog="python -m tests.policies.write_broken")
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="new, or empty")
    folder: Path = parser.parse_args(arguments).folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        parser.error(f"{folder} is there already, and not an empty folder")
    written = write_all(folder)
    sys.stdout.write(f"{len(written)} mistakes; now: farebox check {folder}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
