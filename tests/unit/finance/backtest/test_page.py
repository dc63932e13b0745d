import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

from router.finance.backtest.document import document_of
from router.finance.backtest.page import page_of
from router.finance.backtest.past import PastJob
from router.finance.backtest.running import backtest
from tests.past_jobs import Given, a_past, delivered, tried
from tests.policy_files import PRICES, a_policy

POLICY = a_policy(prices=PRICES.replace("    aspect_ratio_required: true\n", ""))
VOID = {"meta", "rect", "line", "circle", "br"}


class Checker(HTMLParser):
    """Sees to it that what is opened is closed, and notes what there is."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        self.tags.append(tag)
        self.attributes.extend(attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """It closes what was opened last."""
        if tag not in VOID:
            assert self.open.pop() == tag


def checked(page: str) -> Checker:
    """A page that is sound."""
    checker = Checker()
    checker.feed(page)
    checker.close()
    assert checker.open == []
    return checker


def document(*jobs: PastJob, **fields: Any) -> dict[str, Any]:
    """Of a backtest of jobs."""
    return {**document_of(backtest(Given(jobs), POLICY, workers=1)), **fields}


STAYED = a_past(delivered(tried("shortapi", "0.04")), tenant="<script>")
MOVED = a_past(delivered(tried("runpod", "0.0875")))


def test_the_page_stands_alone() -> None:
    """No script, nothing fetched, no style but its own, which its policy names by its hash."""
    page = page_of(document(STAYED, MOVED))
    checker = checked(page)

    assert not {"script", "link", "img", "iframe", "form"} & set(checker.tags)
    names = {name for name, _ in checker.attributes}
    assert not {"style", "src", "href", "onclick"} & names
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in page
    assert "url(" not in style
    assert "prefers-color-scheme: dark" in style
    assert "@media print" in style


def test_the_answer_comes_first() -> None:
    """How much less, or more, and how much of it is known."""
    less = page_of(document(STAYED, MOVED))
    more = page_of(document(a_past(delivered(tried("runpod", "0.01", quoted_nanos=87_500_000)))))
    same = page_of(document(STAYED))

    assert '<strong class="better">$0.05 less (35.9&nbsp;%)' in less
    assert '<strong class="worse">$0.03 more' in more
    assert "about as much as they did" in same
    assert "50.0 % of the edits bought" in less


def test_less_for_fewer_edits_is_not_called_better() -> None:
    """A budget that denies saves money, too."""
    tight = a_policy(
        prices=PRICES.replace("    aspect_ratio_required: true\n", ""),
        budgets=[{"name": "daily", "who": "everyone", "limit": "$0.05", "per": "day"}],
    )
    page = page_of(document_of(backtest(Given((STAYED, MOVED)), tight, workers=1)))

    assert 'class="better"' not in page
    assert 'But only <strong class="worse">50.0 %</strong> of them' in page
    assert "Budgets would have denied 1 of them; 0 were denied." in page


def test_every_picture_has_its_table() -> None:
    """And all figures stand in a table at the end."""
    page = page_of(document(STAYED, MOVED))
    checker = checked(page)

    assert page.count('role="img"') == 4
    assert checker.tags.count("table") == 7
    assert "What these figures rest on" in page


def test_nothing_is_compared_where_nothing_is_known() -> None:
    """A trace may be of wishes alone."""
    page = page_of(document(a_past(), a_past(model="other")))
    checked(page)

    assert "these jobs would have cost about <strong>" in page
    assert '<p class="hint">it was' not in page
    assert "nobody sells it" in page


def test_denials_and_checks_are_told() -> None:
    """Where there are any."""
    told = document(STAYED, checked={"compared": 3, "differing": 1, "jobs": ["j"]})
    told["scenarios"][0]["total"]["denied"] = 5

    page = page_of(told)

    assert "Budgets would have denied 0 of them; 5 were denied." in page
    assert "3 recorded decisions made again" in page


def test_no_jobs_make_a_page_too() -> None:
    """It says so."""
    page = page_of(document())

    checked(page)
    assert "There are no jobs to replay" in page
