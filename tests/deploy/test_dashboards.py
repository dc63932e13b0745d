"""The dashboards: that they are what is generated, and that whoever reads them is told enough."""

import json
import re
from typing import Any

import pytest

from deploy.grafana.generate import BOARDS, FOLDER, path_of, written
from deploy.grafana.panels import Board
from tests.deploy_kit import judged, metrics_in, panels, rules

RECORDED = {rule["record"] for rule in rules() if "record" in rule}


@pytest.fixture(name="board", params=BOARDS, ids=lambda board: board.uid)
def _board(request: pytest.FixtureRequest) -> Board:
    board: Board = request.param
    return board


@pytest.fixture(name="shown")
def _shown(board: Board) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(path_of(board).read_text("utf-8"))
    return shown


def test_the_files_are_what_is_generated(board: Board) -> None:
    """To the byte: whoever edits the JSON would lose it at the next generation."""
    assert path_of(board).read_text("utf-8") == written(board)
    assert sorted(FOLDER.glob("*.json")) == sorted(path_of(one) for one in BOARDS)


def test_every_panel_says_what_it_shows(shown: dict[str, Any]) -> None:
    """A title, a description, a unit; an id of its own; and whichever data source is chosen."""
    found = [panel for panel in shown["panels"] if panel["type"] != "row"]
    ids = [panel["id"] for panel in shown["panels"]]

    assert len(set(ids)) == len(ids)
    assert len({panel["title"] for panel in found}) == len(found)
    for panel in found:
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["targets"]
        for target in (panel, *panel["targets"]):
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert shown["templating"]["list"][0]["type"] == "datasource"
    assert shown["editable"] is False


def test_panels_do_not_lie_on_each_other(shown: dict[str, Any]) -> None:
    """Each has its place, within Grafana's 24 columns."""
    taken: set[tuple[int, int]] = set()
    for panel in shown["panels"]:
        place = panel["gridPos"]
        own = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not own & taken, panel["title"]
        taken |= own


def test_queries_of_a_panel_are_told_apart(shown: dict[str, Any]) -> None:
    """By their letters; and where there are several, by what their series are called."""
    for panel in panels(shown):
        letters = [target["refId"] for target in panel["targets"]]
        names = [target.get("legendFormat") for target in panel["targets"]]
        assert letters == sorted(set(letters))
        assert len(set(names)) == len(names) or panel["type"] == "table", panel["title"]


def test_every_expression_parses(shown: dict[str, Any], tmp_path: Any) -> None:
    """By Prometheus itself, with what Grafana puts in for its variables."""
    sound = [
        {"record": f"panel:number:{number}", "expr": expression}
        for number, expression in enumerate(_expressions(shown))
    ]
    path = tmp_path / "panels.yaml"
    path.write_text(json.dumps({"groups": [{"name": "panels", "rules": sound}]}), "utf-8")

    assert f"{len(sound)} rules found" in judged("promtool", "check", "rules", path)


def test_rates_are_of_a_time_that_is_long_enough(shown: dict[str, Any]) -> None:
    """Grafana's own interval follows the scrapes; a number would be wrong on some screen."""
    for panel in panels(shown):
        for target in panel["targets"]:
            if "rate(" in target["expr"]:
                assert "[$__rate_interval]" in target["expr"], panel["title"]


def test_finance_reads_no_sum_that_is_extrapolated() -> None:
    """`increase` and `delta` guess at a range's ends, and miss what a new series begins with."""
    (finance,) = [board for board in BOARDS if board.uid == "farebox-finance"]
    shown = json.loads(path_of(finance).read_text("utf-8"))

    guessing = re.compile(r"\b(?:increase|delta|i?rate|i?delta)\(")
    guessed = [one for one in _expressions(shown) if guessing.search(one)]
    assert guessed == []


def test_recorded_series_are_recorded(shown: dict[str, Any]) -> None:
    """By the rules that are deployed beside the dashboard."""
    for expression in _expressions(shown):
        assert {name for name in metrics_in(expression) if ":" in name} <= RECORDED


def _expressions(shown: dict[str, Any]) -> list[str]:
    values = {"$__rate_interval": "1m", "$__range_s": "604800", "$__range": "7d", "$budget": ".*"}
    found = []
    for panel in panels(shown):
        for target in panel["targets"]:
            expression = target["expr"]
            for name, value in values.items():
                expression = expression.replace(name, value)
            found.append(expression)
    return found
