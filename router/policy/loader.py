"""
From a policy's file to a `Policy`: the only place here that reads files.

All or nothing: either every file is sound and every example is kept, or the error tells everything
that is not.
"""

import errno
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from router.policy.examples import evaluate
from router.policy.explain import closest, explain
from router.policy.flaws import flaws
from router.policy.policy import Policy, Provenance
from router.policy.problems import Place, PolicyError, Problem
from router.policy.yaml_nodes import Mapping, Node, Scalar, place_of, plain, read_tree

FILE_BYTES_MAX = 1_048_576
_INCLUDES = ("prices", "budgets")
_HASH_DIGITS = 12
Content = bytes | OSError | ValueError
"""A file's, or why there is none."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading a policy's files once."""

    outcome: Policy | PolicyError
    files: tuple[Path, ...]
    """Every file that was looked for, there or not."""
    hash: str
    """Of what was found in them; the policy's own, if it is sound."""
    bundle: str = ""
    """All that was found in them, as `read_bundle` reads it; empty unless the policy is sound."""


def load_policy(path: Path) -> Policy:
    """
    Read a policy and the files beside it that it names, and hold it to its examples.

    Args:
        path: The policy's file; messages name it as given.

    Raises:
        PolicyError: With every problem that was found, in the order of the files and lines; where
            the files are sound, with every example that comes out otherwise.
    """
    outcome = read_policy(path).outcome
    if isinstance(outcome, PolicyError):
        raise outcome
    return outcome


def read_policy(path: Path) -> Reading:
    """As `load_policy`, with what it takes to notice that the files have changed since."""
    files = _Files(content_of)
    try:
        policy = _policy(files, path)
    except PolicyError as error:
        return Reading(error, tuple(files.paths), files.hash)
    return Reading(policy, tuple(files.paths), files.hash, files.bundle)


def read_bundle(bundle: str) -> Policy:
    """
    Read a policy out of the bundle that its files were kept in: it has the same hash again.

    Raises:
        PolicyError: This version reads the files otherwise than the one that kept them.
    """
    texts: dict[str, str] = json.loads(bundle)

    def content(path: Path) -> Content:
        return texts[path.name].encode() if path.name in texts else OSError(errno.ENOENT, "gone")

    return _policy(_Files(content), Path(next(iter(texts))))


def fingerprint(paths: Iterable[Path]) -> str:
    """What a reading of these files, as they are now, would have as its `hash`."""
    digest = _Digest()
    for path in paths:
        digest.add(path, content_of(path))
    return digest.text


def _policy(files: "_Files", path: Path) -> Policy:
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
            # Only what is sound can be tried, and a promise that it breaks is as good a reason.
            found = evaluate(policy)
            if not found:
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

    def __init__(self, content: Callable[[Path], Content]) -> None:
        self.problems: list[Problem] = []
        self.paths: list[Path] = []
        self._content = content
        self._texts: dict[str, str] = {}
        self._digest = _Digest()

    @property
    def hash(self) -> str:
        return self._digest.text

    @property
    def bundle(self) -> str:
        return json.dumps(self._texts, ensure_ascii=False)

    def read(self, path: Path, named_at: Place | None) -> Node:
        """Read one file; `named_at` is where another one names it."""
        found = self._content(path)
        self.paths.append(path)
        self._digest.add(path, found)
        content = _whole(path, found, named_at)
        try:
            self._texts[path.name] = content.decode()
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


class _Digest:
    """A hash of files' names and contents; that one cannot be read counts as its content."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    @property
    def text(self) -> str:
        return self._digest.hexdigest()[:_HASH_DIGITS]

    def add(self, path: Path, found: Content) -> None:
        size = len(found) if isinstance(found, bytes) else "unreadable"
        self._digest.update(f"{path.name} {size}\n".encode(errors="surrogateescape"))
        if isinstance(found, bytes):
            self._digest.update(found)


def content_of(path: Path) -> Content:
    """A file's first mebibyte and a byte, or why there is none. Waits for no pipe and no device."""
    try:
        # A pipe that nobody writes to would hold whoever opens it, for ever.
        with open(
            path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)
        ) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return OSError(errno.EINVAL, "not a regular file")
            return file.read(FILE_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        return error


def _whole(path: Path, found: Content, named_at: Place | None) -> bytes:
    if not isinstance(found, bytes):
        why = found.strerror if isinstance(found, OSError) else found
        message = f"cannot read '{path.name}': {why}"
        problem = named_at.problem(message) if named_at else Problem(str(path), 1, 1, message)
        raise PolicyError([problem]) from found
    if len(found) > FILE_BYTES_MAX:
        raise PolicyError([Problem(str(path), 1, 1, "larger than 1 MiB")])
    return found


def _example_places(root: Mapping) -> tuple[Place, ...]:
    count = len(getattr(root.entries.get("examples", (None, None))[1], "items", ()))
    return tuple(place_of(root, ("examples", index)) for index in range(count))


def _merged(broken: list[Problem], found: list[Problem]) -> list[Problem]:
    """Tell each problem once: what is broken as YAML is not told again by the schema."""
    told = {(problem.file, problem.line, problem.column) for problem in broken}
    return broken + [
        problem for problem in found if (problem.file, problem.line, problem.column) not in told
    ]
