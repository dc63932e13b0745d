"""
From a policy's file to a `Policy`: the only place here that reads files.

All or nothing: either every file is sound, or the error tells everything that is not.
"""

import hashlib
from dataclasses import replace
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from router.policy.explain import closest, explain
from router.policy.flaws import flaws
from router.policy.policy import Policy, Provenance
from router.policy.problems import Place, PolicyError, Problem
from router.policy.yaml_nodes import Mapping, Node, Scalar, place_of, plain, read_tree

FILE_BYTES_MAX = 1_048_576
_INCLUDES = ("prices", "budgets")
_HASH_DIGITS = 12


def load_policy(path: Path) -> Policy:
    """
    Read a policy and the files beside it that it names. Its examples are not tried out.

    Args:
        path: The policy's file; messages name it as given.

    Raises:
        PolicyError: With every problem that was found, in the order of the files and lines.
    """
    files = _Files()
    root = files.read(path, None)
    if not isinstance(root, Mapping):
        raise PolicyError([*files.problems, root.place.problem("keys with values belong here")])
    root = files.include(root, path.parent)
    provenance = Provenance(files.hash, _example_places(root))
    try:
        policy = Policy.model_validate(plain(root), context=provenance)
    except ValidationError as error:
        found = explain(error, root, Policy)
    else:
        found = [place_of(root, flaw.path).problem(flaw.message) for flaw in flaws(policy)]
        if not found and not files.problems:
            return policy
    raise PolicyError(_merged(files.problems, found))


def shipped_policy_path(name: str = "cheapest-first.yaml") -> Path:
    """
    Find a policy that comes with Farebox.

    Raises:
        PolicyError: None of that name is shipped.
    """
    package = Path(str(resources.files("router")))
    # A wheel carries the policies inside the package; a source tree has them beside it.
    inside = package / "shipped"
    folder = inside if inside.is_dir() else package.parent / "policies"
    names = {path.name for path in folder.glob("*.yaml")}
    if name not in names:
        raise PolicyError([Problem(name, 1, 1, f"no such policy is shipped{closest(name, names)}")])
    return folder / name


class _Files:
    """The files read for one policy: what was wrong with them as YAML, and their hash."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._digest = hashlib.sha256()

    @property
    def hash(self) -> str:
        return self._digest.hexdigest()[:_HASH_DIGITS]

    def read(self, path: Path, named_at: Place | None) -> Node:
        """Read one file; `named_at` is where another one names it."""
        content = _content(path, named_at)
        self._digest.update(f"{path.name} {len(content)}\n".encode() + content)
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            raise PolicyError([Problem(str(path), line, 1, "no text in UTF-8")]) from error
        tree = read_tree(str(path), text)
        self.problems.extend(tree.problems)
        return tree.root

    def include(self, root: Mapping, folder: Path) -> Mapping:
        """Put the files that the policy names into the places where it names them."""
        entries = dict(root.entries)
        for key in _INCLUDES:
            key_place, node = entries.get(key, (None, None))
            if key_place is None or not isinstance(node, Scalar) or not node.text:
                continue
            if node.text in {".", ".."} or Path(node.text).name != node.text:
                message = "the name of a file in the policy's own folder belongs here"
                raise PolicyError([*self.problems, node.place.problem(message)])
            entries[key] = (key_place, self.read(folder / node.text, node.place))
        return replace(root, entries=entries)


def _content(path: Path, named_at: Place | None) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        message = f"cannot read '{path.name}': {why}"
        problem = named_at.problem(message) if named_at else Problem(str(path), 1, 1, message)
        raise PolicyError([problem]) from error
    if len(content) > FILE_BYTES_MAX:
        raise PolicyError([Problem(str(path), 1, 1, "larger than 1 MiB")])
    return content


def _example_places(root: Mapping) -> tuple[Place, ...]:
    count = len(getattr(root.entries.get("examples", (None, None))[1], "items", ()))
    return tuple(place_of(root, ("examples", index)) for index in range(count))


def _merged(broken: list[Problem], found: list[Problem]) -> list[Problem]:
    """Tell each problem once: what is broken as YAML is not told again by the schema."""
    told = {(problem.file, problem.line, problem.column) for problem in broken}
    return broken + [
        problem for problem in found if (problem.file, problem.line, problem.column) not in told
    ]
