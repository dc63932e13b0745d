"""The house rules as tests: a rule that nobody checks is not a rule. Each says why it is one."""

import ast
import inspect
import json
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

import yaml

from router.model import errors
from router.model.errors import RouterError

ROOT = Path(__file__).parent.parent
THIS = "tests/test_tidy.py"
FUNCTION_LINES_MAX = 70
MODULE_LINES_MAX = 300
TEST_MODULE_LINES_MAX = 700
LINE_LENGTH_MAX = 100

TESTED_ELSEWHERE = {
    "router/dispatch/client_mail.py": "tests/unit/dispatch/test_outbox.py",
    "router/dispatch/correction.py": "tests/unit/dispatch/test_dispatcher.py",
    "router/ledger/books.py": "tests/contract/test_ledger.py",
    "router/ledger/budget_reading.py": "tests/contract/test_budget_hours.py",
    "router/ledger/postgres.py": "tests/contract/test_ledger_postgres.py",
    "router/ledger/postgres_connection.py": "tests/contract/test_ledger_postgres.py",
    "router/policy/preference.py": "tests/unit/policy/test_choose.py",
    "router/policy/price_rows.py": "tests/unit/policy/test_prices.py",
    "router/policy/scalars.py": "tests/unit/policy/test_loader.py",
    "router/policy/yaml_nodes.py": "tests/unit/policy/test_loader.py",
    "router/postroom.py": "tests/acceptance/test_alerts.py",
    "router/providers/wire.py": "tests/contract/test_codecs.py",
    "router/sandbox/catalogue.py": "tests/unit/sandbox/test_runpod.py",
    "router/sandbox/faults.py": "tests/unit/sandbox/test_rules.py",
    "router/sandbox/floor.py": "tests/unit/sandbox/test_shortapi.py",
    "router/sandbox/jobs.py": "tests/unit/sandbox/test_runpod.py",
    "router/sandbox/runpod_state.py": "tests/unit/sandbox/test_runpod.py",
    "router/sandbox/samples.py": "tests/unit/sandbox/test_app.py",
    "router/sandbox/settings.py": "tests/unit/sandbox/test_shortapi.py",
    "router/sandbox/truth.py": "tests/unit/sandbox/test_shortapi.py",
    "router/sandbox/wire.py": "tests/unit/sandbox/test_app.py",
    "router/web/dashboard/__main__.py": "tests/unit/web/dashboard/test_press.py",
}
"""Modules without a test file of their own, and where they are tested. This list only shrinks."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tracked(*endings: str) -> tuple[str, ...]:
    """List the files that are in git or would be added, by the endings of their names."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = sorted(set(listing.stdout.decode().split("\0")) - {""})
    return tuple(path for path in paths if path.endswith(endings) and (ROOT / path).is_file())


@cache
def read(path: str) -> str:
    """Read a tracked file; what is not text reads as nothing."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@cache
def tree(path: str) -> ast.Module:
    """Parse a tracked Python file."""
    return ast.parse(read(path), filename=path)


def functions(node: ast.AST) -> Iterator[Function]:
    """Every function in a module or a class, methods and inner ones too, but no protocol's."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef) and "Protocol" in map(ast.unparse, child.bases):
            continue
        if isinstance(child, Function):
            yield child
        yield from functions(child)


def none(offenders: list[str]) -> None:
    """Fail with the offenders one a line, so that an editor can jump to each."""
    assert not offenders, "\n" + "\n".join(offenders)


def matches(pattern: str, *paths: str) -> list[str]:
    """Where a pattern occurs, as `path:line: text`."""
    sought = re.compile(pattern, re.IGNORECASE)
    return [
        f"{path}:{number}: {line.strip()[:80]}"
        for path in paths
        for number, line in enumerate(read(path).splitlines(), start=1)
        if sought.search(line)
    ]


def calls(path: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call in a file, with the name of what is called."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def test_functions_fit_a_screen() -> None:
    """A function that does not fit a screen is not read, only scrolled past."""
    too_long = [
        f"{path}:{function.lineno}: {function.name} has {lines} lines"
        for path in tracked(".py")
        for function in functions(tree(path))
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES_MAX
    ]
    none(too_long)


def test_modules_are_about_one_thing() -> None:
    """A module of more than three hundred lines is about two things; tests are lists of cases."""
    too_long = []
    for path in tracked(".py"):
        lines = len(read(path).splitlines())
        if lines > (TEST_MODULE_LINES_MAX if path.startswith("tests/") else MODULE_LINES_MAX):
            too_long.append(f"{path} has {lines} lines")

    none(too_long)


def test_lines_fit_beside_each_other() -> None:
    """Two files of a hundred columns stand side by side. Ruff sees to Python, this to the rest."""
    endings = (".sql", ".yaml", ".yml", ".sh", "Makefile", ".ci/run")
    none(matches(rf"^.{{{LINE_LENGTH_MAX + 1},}}", *tracked(*endings)))


def test_no_float_meets_money() -> None:
    """A float is not an amount: 0.1 + 0.2 is not 0.3, and finance would find out."""
    exact = ("router/model/money.py", "router/model/charge.py", "router/ledger/")
    none(
        [
            f"{path}:{call.lineno}: {ast.unparse(call)}"
            for path in tracked(".py")
            if path.startswith(exact)
            for name, call in calls(path)
            if name == "float"
        ]
    )


def test_the_journal_is_only_inserted_into() -> None:
    """A ledger entry is a fact: what turns out wrong is corrected by a later entry."""
    table = r"(ONLY\s+)?[\"']?(entries|events)\b"
    change = re.compile(
        rf"\b(UPDATE|DELETE\s+FROM|TRUNCATE(\s+TABLE)?|DROP\s+TABLE|REPLACE\s+INTO)\s+{table}"
        rf"|\bINTO\s+{table}.*\bDO\s+UPDATE\b",
        re.IGNORECASE | re.DOTALL,
    )
    scripts = tracked(".sql")
    changed = [
        f"{path}: {' '.join(statement.split())[:80]}"
        for path in scripts
        for statement in re.sub(r"--[^\n]*", "", read(path)).split(";")
        if change.search(statement)
    ]

    assert any("entries" in read(path) for path in scripts), "this rule looks at the wrong files"
    none(changed)


def test_every_error_has_a_code_of_its_own() -> None:
    """One word names an error in replies, metrics and logs, so no two may share it."""
    classes = [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, RouterError) and kind is not RouterError
    ]
    codes = [kind.code for kind in classes if "code" in vars(kind)]

    assert [kind.__name__ for kind in classes if "code" not in vars(kind)] == []
    assert [kind.__name__ for kind in classes if not 200 <= kind.status <= 599] == []
    assert [kind.__name__ for kind in classes if not vars(kind).get("__doc__")] == []
    assert sorted(codes) == sorted(set(codes))


def test_fakes_instead_of_mocks() -> None:
    """A mock agrees with whatever the code does; a fake has an opinion of its own."""
    mocking = (
        r"^\s*(import|from)\s+(unittest\.mock|mock|pytest_mock)\b"
        r"|^\s*from\s+unittest\s+import\b.*\bmock\b"
    )
    none(matches(mocking, *tracked(".py")))


def test_nothing_is_left_for_later() -> None:
    """A note of work to do in the code is read by nobody who could do it."""
    sources = set(tracked(".py", ".sql", ".yaml", ".yml", ".sh", ".toml", "Makefile", ".ci/run"))

    none(matches(r"\b(TODO|FIXME|XXX)\b", *sorted(sources - {THIS})))


def test_every_policy_promises_something() -> None:
    """A policy's examples are how the one who pays for it knows what it does."""
    policies = {
        path: content
        for path in tracked(".yaml")
        if path.startswith("policies/")
        and isinstance(content := yaml.safe_load(read(path)), dict)
        and "policy" in content
    }

    assert policies, "this rule looks at the wrong files"
    none([path for path, content in policies.items() if not content.get("examples")])


def test_every_reply_names_its_source() -> None:
    """A provider's reply that nobody knows the origin of proves nothing about the provider."""
    nameless = []
    for path in tracked(".json"):
        if path.startswith("tests/replies/"):
            reply = json.loads(read(path))
            if not (isinstance(reply, dict) and str(reply.get("source") or "").strip()):
                nameless.append(path)

    none(nameless)


def test_every_test_says_what_it_shows() -> None:
    """Read together, the tests' docstrings are the description of what Farebox does."""
    none(
        [
            f"{path}:{function.lineno}: {function.name}"
            for path in tracked(".py")
            if PurePosixPath(path).name.startswith("test_")
            for function in functions(tree(path))
            if function.name.startswith("test_") and not ast.get_docstring(function)
        ]
    )


def _has_its_test(path: str) -> bool:
    """`router/a/b.py` is tested by `tests/unit/a/test_b.py`, or several `test_b_….py` there."""
    module = PurePosixPath(path)
    name = module.parent.name if module.stem == "__init__" else module.stem
    folder = PurePosixPath("tests/unit", *module.parts[1:-1])
    mine = re.compile(rf"{re.escape(f'{folder}/test_{name}')}(_\w+)?\.py")
    return any(mine.fullmatch(test) for test in tracked(".py"))


def test_every_module_has_its_tests() -> None:
    """Who changes a module finds its tests at the same path, or the reason why not in a list."""
    modules = (path for path in tracked(".py") if path.startswith("router/"))
    doing = (path for path in modules if any(True for _ in functions(tree(path))))
    untested = {path for path in doing if not _has_its_test(path)}

    none(sorted(untested - set(TESTED_ELSEWHERE)))
    none(sorted(path for path in TESTED_ELSEWHERE.values() if not (ROOT / path).is_file()))
    none([f"strike off the list: {path}" for path in sorted(set(TESTED_ELSEWHERE) - untested)])


def test_nothing_names_a_machine() -> None:
    """A path of one machine or the host of a registry works for one person, this year."""
    private = r"(?<![\w.])/(root|home|Users)/\w|\bpypi\.org|pythonhosted\.org|registry\.npmjs"

    none(matches(private, *(path for path in tracked("") if path != THIS)))


def test_no_test_waits_for_the_clock() -> None:
    """A test that sleeps is slow on every machine and wrong on a busy one: time is given."""
    none(
        [
            f"{path}:{call.lineno}: {ast.unparse(call)}"
            for path in tracked(".py")
            if path.startswith("tests/") and "from tests.virtual_time import" not in read(path)
            for name, call in calls(path)
            if name == "time.sleep" or (name == "asyncio.sleep" and _is_some_time(call))
        ]
    )


def _is_some_time(sleep: ast.Call) -> bool:
    """Zero only lets others run, and a variable may be a clock's own business."""
    return any(isinstance(given, ast.Constant) and given.value for given in sleep.args)
