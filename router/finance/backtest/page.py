"""
A backtest as one page: what would change, in figures, pictures and the tables beside them.

It stands alone: no script, nothing fetched, and a content security policy that allows only its own
style. Whatever it shows is in the document that `--json` gives.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib import resources
from typing import Any

from router.finance.backtest.charts import kind_of, latency_chart, parts_chart, spend_chart
from router.finance.backtest.comparing import (
    biggest,
    count,
    counted,
    dollars,
    percent_of,
    seconds,
    share,
)
from router.finance.backtest.page_tables import (
    parts_table,
    reasons_table,
    spend_table,
    times_table,
    typeset,
    whole_table,
)
from router.finance.backtest.running import HAPPENED
from router.finance.rounding import to_cent
from router.model.money import Money

DRAWN_MAX = 8
# By so much the share that is delivered may be lower without a word: it is an estimate.
_SHARE_NOISE = 0.005
Line = Mapping[str, Any]
_PARTS = (("by_resolution", "resolution"), ("by_tenant", "tenant"))
_SPEND_HINT = (
    "Solid: charges that really happened. Pale with a broken edge: estimated, because nobody knows "
    "what the provider that was not asked would have charged."
)
_LATENCY_HINT = (
    "An estimate. The large dot is where half of the edits are done, the small one where 95 of 100 "
    "are. Where a job stays with its provider its real time counts, else what was known of the "
    "other provider at that moment."
)
_WHOLE_HINT = (
    "\N{ALMOST EQUAL TO} is an estimate. Delivered, failovers and times are expected values, but "
    "in what happened. As it was: the share of the bought jobs of which nothing is estimated. "
    "Smaller: bought at a lower resolution than was asked for."
)


def page_of(document: Line) -> str:
    """Write the page, whole."""
    style = resources.files("router.finance.backtest").joinpath("page.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    title = f"Backtest of {escape(document['policy'])}"
    body = "\n".join(_body(document)) if document["jobs"] else _empty(title)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _empty(title: str) -> str:
    return f"<h1>{title}</h1><p>There are no jobs to replay: none has ended in this time.</p>"


def _body(document: Line) -> Iterator[str]:
    scenarios: Sequence[Line] = document["scenarios"]
    has_past = scenarios[0]["name"] == HAPPENED
    kinds = [kind_of(place, has_past=has_past) for place in range(len(scenarios))]
    past = scenarios[0]["total"] if has_past else None
    tested = scenarios[int(has_past)]["total"]
    yield _header(document)
    yield f'<p class="lead">{" ".join(_verdict(document["policy"], tested, past))}</p>'
    yield f'<div class="cards">{"".join(_cards(tested, past))}</div>'
    picture, table = spend_chart(scenarios, kinds), spend_table(scenarios, kinds)
    yield _section("What it costs", _SPEND_HINT, _beside(picture, table))
    picture, table = latency_chart(scenarios, kinds), times_table(scenarios, kinds)
    yield _section("How long it takes", _LATENCY_HINT, _beside(picture, table))
    for part, heading in _PARTS:
        yield _by(scenarios, kinds, part, heading)
    yield _section("What is not bought", "", reasons_table(scenarios))
    wholes = [whole_table(scenarios, kinds, part, heading) for part, heading in (("", ""), *_PARTS)]
    yield _section("All figures", _WHOLE_HINT, "".join(wholes), kind="long")
    yield _section("What these figures rest on", "", _notes(document))


def _header(document: Line) -> str:
    since, until = (escape(document[name][:16].replace("T", " ")) for name in ("from", "to"))
    known_by = escape(document["policy_hash"]) or "without files"
    return (
        '<header><p class="kicker">Farebox backtest</p>'
        f"<h1>What {escape(document['policy'])} would have made of it</h1>"
        f"<p>{escape(document['summary'])}</p>"
        f'<p class="hint">{counted(document["jobs"], "job")} from {since} to {until} UTC · policy '
        f"{known_by}</p></header>"
    )


def _verdict(policy: str, tested: Line, past: Line | None) -> Iterator[str]:
    """The answer, in a few sentences."""
    name, spend = escape(policy), Money.parse(tested["spend"])
    if past is None:
        yield f"Under {name} these jobs would have cost about <strong>{_to_cent(spend)}</strong>."
        return
    base = Money.parse(past["spend"])
    before, after = (one["delivered"] / max(1, one["jobs"]) for one in (past, tested))
    is_fair = after >= before - _SHARE_NOISE
    change = _change(spend - base, base, is_fair=is_fair)
    yield (
        f"Under {name} these jobs would have cost about {change}: {_to_cent(spend)} instead of "
        f"{_to_cent(base)}."
    )
    if not is_fair:
        yield (
            f'But only <strong class="worse">{_delivered(tested)}</strong> of them would have '
            f"been delivered; {_delivered(past)} were."
        )
    if tested["denied"] or past["denied"]:
        yield (
            f"Budgets would have denied {tested['denied']:,} of them; "
            f"{past['denied']:,} were denied."
        )
    yield (
        f"{share(tested['bought_as_it_was'], tested['bought'])} of the edits bought would have "
        "been bought as they were, at charges that are known; the others are estimates."
    )


def _to_cent(amount: Money) -> str:
    return escape(to_cent(amount))


def _delivered(line: Line) -> str:
    return share(line["delivered"], line["jobs"])


def _change(more: Money, base: Money, *, is_fair: bool) -> str:
    """How much less or more; less for fewer edits is not called better."""
    if not more:
        return "as much as they did"
    word, kind = ("less", "better" if is_fair else "less") if more.nanos < 0 else ("more", "worse")
    percent = percent_of(more, base).lstrip("+-").replace(" ", "&nbsp;")
    told = f"{_to_cent(Money(abs(more.nanos)))} {word}" + (f" ({percent})" if percent else "")
    return f'<strong class="{kind}">{told}</strong> than they did'


def _cards(tested: Line, past: Line | None) -> Iterator[str]:
    def card(title: str, figure: str, before: str) -> str:
        then = f'<p class="hint">it was {before}</p>' if past is not None else ""
        return f'<div class="card"><h2>{title}</h2><p class="figure">{figure}</p>{then}</div>'

    was = past or tested
    yield card("Spend", *(_to_cent(Money.parse(one["spend"])) for one in (tested, was)))
    yield card("Per delivered edit", *(_each(one) for one in (tested, was)))
    yield card("Delivered", *(share(one["delivered"], one["jobs"]) for one in (tested, was)))
    yield card("Denied by budgets", *(count(one["denied"]) for one in (tested, was)))
    yield card("Half within, estimated", *(seconds(one["p50_s"]) for one in (tested, was)))
    yield card("95 % within, estimated", *(seconds(one["p95_s"]) for one in (tested, was)))


def _by(scenarios: Sequence[Line], kinds: Sequence[str], part: str, heading: str) -> str:
    names, left = biggest(scenarios, part, DRAWN_MAX)
    title = f"Spend by {heading}"
    picture = parts_chart(part, title, scenarios, kinds, part, names)
    table = parts_table(scenarios, kinds, part, heading, names)
    hint = "Bars stand in the order of the table's columns; at the right, by how much it changes."
    hint += f" {left:,} more with fewer jobs are below." if left else ""
    return _section(f"By {heading}", hint, _beside(picture, table, kind="beside wide"))


def _beside(picture: str, table: str, *, kind: str = "beside") -> str:
    return f'<div class="{kind}">{picture}{table}</div>'


def _section(title: str, hint: str, content: str, *, kind: str = "") -> str:
    told = f'<p class="hint">{hint}</p>' if hint else ""
    classes = f' class="{kind}"' if kind else ""
    return f"<section{classes}><h2>{title}</h2>{told}{content}</section>"


def _notes(document: Line) -> str:
    checked = document["checked"]
    notes = [escape(note) for note in document["notes"]]
    if checked["compared"]:
        notes.append(
            f"{counted(checked['compared'], 'recorded decision')} made again from what was seen at "
            f"the time, of which {checked['differing']:,} came out otherwise."
        )
    return f"<ul>{''.join(f'<li>{note}</li>' for note in notes)}</ul>"


def _each(line: Line) -> str:
    return typeset(dollars(line, line["per_delivered"]))
