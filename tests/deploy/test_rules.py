"""Recording and alerting rules, judged by Prometheus' own tools."""

import re

from tests.deploy_kit import DEPLOY, RULES, judged, load, rules

SEVERITIES = {"critical", "warning", "info"}
DESKS = {"operations", "finance", "both"}
TESTS = DEPLOY / "prometheus" / "tests"


def test_rules_are_sound() -> None:
    """Each expression parses, no rule stands twice, and no label is changed in vain."""
    said = judged("promtool", "check", "rules", "--lint=all", "--lint-fatal", *RULES.glob("*.yaml"))

    assert said.count("SUCCESS") == len(list(RULES.glob("*.yaml"))) == 2


def test_rules_do_what_their_tests_say() -> None:
    """Every alert fires where it should, is quiet before, and ends."""
    said = judged("promtool", "test", "rules", *sorted(TESTS.glob("*.yaml")))

    assert said.count("SUCCESS") == len(list(TESTS.glob("*.yaml"))) == 4


def test_every_alert_is_tried_both_ways() -> None:
    """A test that sees it quiet, and one that sees it fire: under its own name."""
    tried = {
        test["name"]: test["promql_expr_test"] for test in load(TESTS / "alerts.yaml")["tests"]
    }
    alerts = [rule["alert"] for rule in rules() if "alert" in rule]

    assert sorted(tried) == sorted(alerts)
    for name, cases in tried.items():
        assert {case["expr"] for case in cases} == {
            f'ALERTS{{alertname="{name}", alertstate="firing"}}'
        }
        fires = ["exp_samples" in case for case in cases]
        assert fires[:2] == [False, True], name


def test_every_alert_says_how_bad_it_is_and_what_to_do() -> None:
    """Its runbook is a section of its own that is there."""
    text = (DEPLOY / "README.md").read_text("utf-8")
    headings = {heading.lower() for heading in re.findall(r"^#### (\w+)$", text, re.MULTILINE)}
    alerts = [rule for rule in rules() if "alert" in rule]

    for alert in alerts:
        assert alert["labels"]["severity"] in SEVERITIES
        assert alert["labels"]["desk"] in DESKS
        told = alert["annotations"]
        assert sorted(told) == ["description", "runbook", "summary"]
        assert told["runbook"] == f"deploy/README.md#{alert['alert'].lower()}"
    assert headings == {alert["alert"].lower() for alert in alerts}


def test_money_that_all_replicas_read_is_never_added_up_over_them() -> None:
    """Only what each process counts itself is summed; the ledger's is within a `max` before."""
    counted = {
        "farebox_attempts_total",
        "farebox_overloaded_total",
        "farebox_ledger_commit_seconds_bucket",
    }
    added = re.compile(r"sum(?: by \([^)]*\))? ?\( ?(?:rate|increase)?\(? ?(farebox_\w+)")
    summed = {name for rule in rules() for name in added.findall(" ".join(rule["expr"].split()))}

    assert summed == counted


def test_prometheus_takes_its_configuration() -> None:
    """With the rules that it names; the key's file is a secret of where it runs."""
    path = DEPLOY / "prometheus" / "prometheus.yaml"
    judged("promtool", "check", "config", "--syntax-only", path)
    config = load(path)

    found = sorted(file for glob in config["rule_files"] for file in path.parent.glob(glob))
    assert found == sorted(RULES.glob("*.yaml"))
    assert [job["job_name"] for job in config["scrape_configs"]] == ["farebox", "prometheus"]


def test_alertmanager_takes_its_configuration() -> None:
    """And sends who is to be told where they are."""
    path = DEPLOY / "alertmanager" / "alertmanager.yaml"
    judged("amtool", "check-config", path)
    routes = {
        ("critical", "finance"): "pager,finance",
        ("critical", "operations"): "pager",
        ("critical", "both"): "pager,finance",
        ("warning", "finance"): "finance",
        ("warning", "operations"): "operations",
        ("warning", "both"): "finance,operations",
    }

    for (severity, desk), receivers in routes.items():
        said = judged(
            *("amtool", "config", "routes", "test", f"--config.file={path}"),
            *(f"severity={severity}", f"desk={desk}"),
        )
        assert said.split()[0] == receivers


def test_finance_hears_of_all_that_is_its_own() -> None:
    """Also of what wakes somebody, and of what silences an alert that it would have had."""
    path = DEPLOY / "alertmanager" / "alertmanager.yaml"
    for labels in (rule["labels"] for rule in rules() if "alert" in rule):
        said = judged(
            *("amtool", "config", "routes", "test", f"--config.file={path}"),
            *(f"{name}={value}" for name, value in labels.items()),
        )

        told = said.split()[0].split(",")
        assert ("finance" in told) == (labels["desk"] in {"finance", "both"})
        assert ("pager" in told) == (labels["severity"] == "critical")


def test_only_alerts_that_there_are_silence_others() -> None:
    """A name that is misspelt in an inhibition silences nothing, and nobody notices."""
    names = [rule["alert"] for rule in rules() if "alert" in rule]
    config = load(DEPLOY / "alertmanager" / "alertmanager.yaml")

    for rule in config["inhibit_rules"]:
        for matcher in (*rule["source_matchers"], *rule["target_matchers"]):
            pattern = matcher.partition("~")[2] or matcher.partition("=")[2]
            pattern = pattern.removeprefix("=").strip('"')
            for part in re.split(r"\|(?![^(]*\))", pattern):
                assert any(re.fullmatch(part, name) for name in names), part
