"""
YAML read strictly: every value keeps its text and its place.

Nothing is guessed. Scalars stay text until the schema says what they are, so `on`, `no`, `12:30:00`
and `0.10` cannot turn into something else on the way; aliases, tags, equal keys and keys without a
value are refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from router.policy.problems import Place, PolicyError, Problem, Source

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_DEPTH_MAX = 12


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value, as written and without its quotes."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    place: Place
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys with values, in the order of the file. No two keys are equal."""

    place: Place
    entries: dict[str, tuple[Place, "Node"]]
    """By key: where the key stands, and its value."""


Node = Scalar | Sequence | Mapping


@dataclass(frozen=True, slots=True)
class Tree:
    """A file that could be read, and what is wrong with it all the same."""

    root: Node
    problems: tuple[Problem, ...]


def read_tree(file: str, text: str) -> Tree:
    """
    Read one YAML document.

    Args:
        file: Its name, for messages.
        text: What it says.

    Raises:
        PolicyError: It is no YAML at all, or nothing is in it.
    """
    source = Source(file, tuple(_LINE_BREAK.split(text)))
    builder = _Builder(source)
    for event in _events(source, text):
        builder.take(event)
    root = builder.root
    if root is None or (isinstance(root, Scalar) and not root.text):
        raise PolicyError([source.problem(1, 1, "the file is empty")])
    return Tree(root, tuple(builder.problems))


def plain(node: Node) -> object:
    """Drop the places: dicts, lists and text."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, (_, value) in node.entries.items()}


def place_of(root: Node, path: tuple[str | int, ...], *, key: bool = False) -> Place:
    """
    Find where something stands.

    Args:
        root: What `path` starts from.
        path: Keys and indices. Where it leads nowhere, the last place that exists counts.
        key: Whether the last step's key is meant rather than its value.
    """
    node, place = root, root.place
    for step in path:
        if isinstance(node, Mapping) and step in node.entries:
            key_place, node = node.entries[str(step)]
            place = key_place if key else node.place
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            place = node.place
        else:
            return node.place
    return place


def _events(source: Source, text: str) -> Iterator[yaml.Event]:
    try:
        yield from yaml.parse(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        assert mark is not None  # The scanner and the parser always know where they are.
        line, column = mark.line + 1, mark.column + 1
        raise PolicyError([source.problem(line, column, f"no YAML: {error.problem}")]) from error
    except yaml.reader.ReaderError as error:
        before = _LINE_BREAK.split(text[: error.position])
        message = "no YAML: a character that text does not have"
        raise PolicyError([source.problem(len(before), len(before[-1]) + 1, message)]) from error


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet."""

    place: Place
    is_mapping: bool
    children: list[Node] = field(default_factory=list["Node"])


class _Builder:
    """Makes the tree of the parser's events; notes what is refused and goes on."""

    def __init__(self, source: Source) -> None:
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self._source = source
        self._open: list[_Open] = []

    def take(self, event: yaml.Event) -> None:
        """Take the next event, in the order of the file."""
        mark = event.start_mark
        assert mark is not None  # Every event of the parser has one.
        place = Place(self._source, mark.line + 1, mark.column + 1)
        if isinstance(event, yaml.NodeEvent):
            self._refuse_extras(event, place)
        if isinstance(event, yaml.AliasEvent):
            self._add(Scalar(place, f"*{event.anchor}"))
        elif isinstance(event, yaml.ScalarEvent):
            self._add(Scalar(place, event.value))
        elif isinstance(event, yaml.CollectionStartEvent):
            if len(self._open) == _DEPTH_MAX:
                raise PolicyError([place.problem("nested too deeply")])
            self._open.append(_Open(place, isinstance(event, yaml.MappingStartEvent)))
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close(self._open.pop())
        elif isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            raise PolicyError([place.problem("a second document: one file says one thing")])

    def _refuse_extras(self, event: yaml.NodeEvent, place: Place) -> None:
        if isinstance(event, yaml.AliasEvent):
            message = f"the alias *{event.anchor}: write the value itself, so that it can be read"
        elif event.anchor is not None:
            message = f"the anchor &{event.anchor}: write the value where it is used"
        elif getattr(event, "tag", None) is not None:
            message = "a tag: values are written without"
        else:
            return
        self.problems.append(place.problem(message))

    def _add(self, node: Node) -> None:
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node

    def _close(self, ended: _Open) -> None:
        if ended.is_mapping:
            self._add(Mapping(ended.place, self._entries(ended.children)))
            return
        for item in ended.children:
            if isinstance(item, Scalar) and not item.text:
                self.problems.append(item.place.problem("an empty entry in a list"))
        self._add(Sequence(ended.place, tuple(ended.children)))

    def _entries(self, children: list[Node]) -> dict[str, tuple[Place, Node]]:
        entries: dict[str, tuple[Place, Node]] = {}
        for key, value in zip(children[::2], children[1::2], strict=True):
            if not isinstance(key, Scalar):
                self.problems.append(key.place.problem("a key must be a word"))
            elif key.text in entries:
                first = entries[key.text][0]
                message = f"'{key.text}' stands here twice; first in line {first.line}"
                self.problems.append(key.place.problem(message))
            elif isinstance(value, Scalar) and not value.text:
                # Placed at its key, so that what the schema says of it is not told as well.
                self.problems.append(key.place.problem(f"'{key.text}' has no value"))
                entries[key.text] = (key.place, Scalar(key.place, ""))
            else:
                entries[key.text] = (key.place, value)
        return entries
