"""The README says what is: its tables are made from the code, and compared with it here."""

import ast
import builtins
import inspect
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from router.app import open_house
from router.model import errors
from router.model.errors import ProviderError, RouterError, Spend
from router.settings import read_settings
from tests.processes import ROOT
from tests.web_contract import check_value

# Families that are never raised themselves: what is told is always one of their members.
FAMILIES = {"request_error", "provider_error", "job_failed", "unavailable"}


def section(name: str) -> str:
    """What stands between a section's two marks."""
    text = (ROOT / "README.md").read_text("utf-8")
    match = re.search(rf"<!-- {name} -->\n(.*?)\n<!-- /{name} -->", text, re.DOTALL)
    assert match is not None, f"README.md has no section {name}"
    return match[1]


def table_of_errors() -> str:
    """Every code with where it is told, its sentence, and whether money may be gone."""
    rows = ["| code | told as | means | money may be gone |", "|---|--:|---|---|"]
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
    told = {
        kind.code: kind
        for kind in kinds
        if issubclass(kind, RouterError) and "code" in vars(kind) and kind.code not in FAMILIES
    }
    for code, kind in sorted(told.items(), key=lambda item: (item[1].status, item[0])):
        sentence = (kind.__doc__ or "").strip().splitlines()[0]
        gone = "yes" if kind.spend is Spend.POSSIBLE else "no"
        place = "outcome" if issubclass(kind, ProviderError) else kind.status
        rows.append(f"| `{code}` | {place} | {sentence} | {gone} |")
    return "\n".join(rows)


async def list_of_metrics(folder: Path) -> str:
    """Every series that a router shows, with what it says of itself."""
    settings = replace(read_settings({}), database=f"sqlite:///{folder}/farebox.db")
    async with open_house(settings) as house:
        scraped = (await house.services.metrics.scrape()).decode()
    helps = dict(re.findall(r"^# HELP (farebox_\w+) (.*)$", scraped, re.MULTILINE))
    rows = ["| series | |", "|---|---|"]
    rows += [f"| `{name}` | {helps[name]} |" for name in sorted(helps)]
    return "\n".join(rows)


def test_the_policy_is_shown_in_full() -> None:
    """The file itself, not a copy that has aged."""
    policy = (ROOT / "policies" / "cheapest-first.yaml").read_text("utf-8")

    assert section("policy") == f"```yaml\n{policy}```"


def test_the_answer_that_is_shown_is_one() -> None:
    """Each of its fields is there and as the router answers it, which the demo's tests ask for."""
    shown = section("curl")
    answer = json.loads(shown[shown.index("\n{\n") : shown.rindex("}") + 1])

    check_value("Edit", answer)


def test_every_error_is_listed() -> None:
    """Code, place and meaning as in the code."""
    assert section("errors") == table_of_errors()


@pytest.mark.slow
async def test_every_metric_is_listed(tmp_path: Path) -> None:
    """None is missing, and none is promised that is not there."""
    assert section("metrics") == await list_of_metrics(tmp_path)


def samples(language: str) -> list[str]:
    """The samples in a language that stand in the sections for other APIs' clients."""
    text = (ROOT / "README.md").read_text("utf-8")
    parts = re.findall(r"^## Drop-in.*?(?=^## )", text, re.DOTALL | re.MULTILINE)
    return re.findall(rf"^```{language}\n(.*?)^```", "".join(parts), re.DOTALL | re.MULTILINE)


def test_every_sample_for_other_clients_can_be_pasted() -> None:
    """Nothing is left out of it: a name of Python is a builtin, or the sample binds it."""
    python = samples("python")

    assert [len(python), len(samples("javascript")), len(samples("console"))] == [3, 3, 3]
    for sample in (*python, *samples("javascript"), *samples("console")):
        assert "…" not in sample
    for sample in python:
        names = [node for node in ast.walk(ast.parse(sample)) if isinstance(node, ast.Name)]
        imported = {
            one.name
            for node in ast.walk(ast.parse(sample))
            if isinstance(node, ast.Import)
            for one in node.names
        }
        bound = {node.id for node in names if isinstance(node.ctx, ast.Store)} | imported
        assert {node.id for node in names} <= bound | set(dir(builtins))


def test_every_file_that_it_names_is_there() -> None:
    """The walk leads through files that exist."""
    text = (ROOT / "README.md").read_text("utf-8")
    paths = set(re.findall(r"`((?:router|policies|tests)/[\w./-]*)`", text))

    assert len(paths) > 10
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []
