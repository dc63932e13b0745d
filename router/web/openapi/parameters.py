"""What stands in paths, queries and headers, for `/openapi.json`."""

from typing import Any, get_args

from router.finance.focus.columns import VERSIONS
from router.finance.focus.forms import FORMATS
from router.finance.periods import CUSTOM, PRESETS
from router.ledger.browsing import MoneyWord
from router.ledger.outbox_rows import OutboxState
from router.model.job import OPEN_STATES, JobState
from router.web.dashboard.behind import TITLES
from router.web.edits import LISTED, LISTED_MAX
from router.web.openapi.shapes import MONEY, TEXT, Schema, one_of, ref


def _query(name: str, words: str, schema: Schema = TEXT, **more: Any) -> Schema:
    return {"name": name, "in": "query", "description": words, "schema": schema, **more}


def _header(name: str, words: str, **schema: Any) -> Schema:
    return {"name": name, "in": "header", "description": words, "schema": {**TEXT, **schema}}


def _path(name: str, words: str, **schema: Any) -> Schema:
    place = {"in": "path", "required": True}
    return {"name": name, **place, "description": words, "schema": {**TEXT, **schema}}


PARAMETERS: dict[str, Schema] = {
    "edit": _path("id", "The edit's.", format="uuid"),
    "key": _path("id", "The key's; not its secret.", pattern="^[0-9A-Za-z]{8}$"),
    "budget": _path("id", "The budget's name, as in the policy."),
    "raise": _path("id", "The raise's, as it was answered and as the budgets' list tells it."),
    "attempt": _path("id", "The attempt's.", pattern=r"^[0-9a-f-]{36}\.[0-9]{1,3}$"),
    "model": _path("id", "The model's name."),
    "input": _path("name", "The digest of what a client sent.", pattern="^[0-9a-f]{64}$"),
    "result": _path("name", "The edit's id, the image's number, and what kind it is."),
    "expires": _query("expires", "As in the link.", {"type": "integer"}, required=True),
    "signature": _query("signature", "As in the link.", required=True),
    "claimed": _query("provider", "Only what this one billed."),
    "statement": _path("id", "The statement's."),
    "of_provider": _query("provider", "Only this one's."),
    "slug": _path("slug", "The model's name at Runpod, as in the price book."),
    "held": _query(
        "wait",
        "Answer when it has ended, or after so many milliseconds: 1000 to 300000.",
        {"type": "number", "default": 90_000},
    ),
    "queried": _query("id", "The job's.", {**TEXT, "format": "uuid"}, required=True),
    "provider": _path("provider", "Who rings."),
    "token": _path("token", "Of one attempt.", pattern="^[0-9a-f]{32}$"),
    "Idempotency-Key": _header(
        "Idempotency-Key",
        "Requests with the same key and body are one request, and buy one edit.",
        maxLength=255,
    ),
    "Prefer": _header(
        "Prefer",
        "`wait=N`: answer within so many seconds; `respond-async`: at once. Without either, the "
        "answer comes when the edit has ended.",
    ),
    "wait": _query(
        "wait", "Answer when it has ended, or after so many seconds.", {"type": "number"}
    ),
    "status": _query("status", "Only those.", one_of(JobState)),
    "state": _query("state", "Only those.", one_of(OPEN_STATES)),
    "callback_state": _query("state", "Only those.", one_of(OutboxState)),
    "after": _query("after", "The `after` of the page before.", {**TEXT, "format": "uuid"}),
    "limit": _query(
        "limit",
        "How many, at most.",
        {"type": "integer", "minimum": 1, "maximum": LISTED_MAX, "default": LISTED},
    ),
    "tenant": _query("tenant", "Whose; another's only for who sees all tenants."),
    "by": _query(
        "by",
        "day, week, month, provider, model, resolution, tenant, key, tag:KEY; with commas.",
        example="day",
    ),
    "from": _query("from", "A day or an instant, inclusive."),
    "to": _query("to", "A day or an instant, exclusive."),
    "account": _path("provider", "As in the price book."),
    "month": _query("month", "Only that one, as `2026-11`.", example="2026-11"),
    "focus_version": _query("version", "Of FOCUS.", {**one_of(VERSIONS), "default": "1.2"}),
    "focus_format": _query("format", "Of the file.", {**one_of(FORMATS), "default": "csv"}),
    "focus_part": _query(
        "part", "The file, or what its columns are.", one_of(["data", "metadata"])
    ),
    "time_zone": _query(
        "time_zone", "Whose days, weeks and months; UTC unless said.", example="Europe/Berlin"
    ),
    "verbose": _query("verbose", "Say what stands and what does not.", allowEmptyValue=True),
}

PARAMETERS.update(
    {
        "asset": _path("name", "The file's."),
        "notice": _path("kind", "What kind of notice.", enum=list(TITLES)),
        "page": _query("page", "Which page of its rows.", {"type": "integer", "minimum": 1}),
        "version": _query("v", "What is in it, so that a browser need not ask again."),
        "period": _query("period", "Of the page.", one_of([*PRESETS, CUSTOM])),
        "first": _query(
            "first", "The first day of a period of one's own.", {**TEXT, "format": "date"}
        ),
        "last": _query("last", "Its last day, inclusive.", {**TEXT, "format": "date"}),
        "time_zone": _query("time_zone", "Whose days: an IANA name.", example="Europe/Berlin"),
        "dimension": _query(
            "by", "provider, tenant, resolution, model or tag:KEY: what it is broken down by."
        ),
        "of_provider": _query("provider", "Of this one alone."),
        "of_tenant": _query("tenant", "Of this one alone."),
        "of_resolution": _query("resolution", "Of this one alone."),
        "of_model": _query("model", "Of this one alone."),
        "refresh": _query("refresh", "Every so many seconds.", one_of(["5", "15", "60", "off"])),
        "money": _query(
            "money", "Jobs with such an attempt.", one_of(one for one in get_args(MoneyWord) if one)
        ),
        "of_tag": _query("tag", "Of jobs with this tag alone.", example="team=ads"),
    }
)

OF_MONEY = ("claimed", "of_model", "of_resolution", "of_tag")
"""What sums and exports of money are filtered by, beside whose it is."""

HEADERS: dict[str, Schema] = {
    name: {"description": words, "schema": schema}
    for name, words, schema in (
        ("Farebox-Job", "The edit's id.", TEXT),
        ("Farebox-Provider", "Who delivered, or was tried last.", TEXT),
        ("Farebox-Charged-USD", "What was posted for it, over all attempts.", MONEY),
        ("Farebox-Budget-Remaining-USD", "What the tightest budget has left.", MONEY),
        ("Farebox-Downshifted", "What was asked for and what was bought: `4k -> 2k`.", TEXT),
        ("Farebox-Failed", "Of how many edits there is no image.", {"type": "integer"}),
        ("x-request-id", "The edit's id, or one of the request's own.", TEXT),
        ("x-should-retry", "Whether a client may send again.", one_of(["true", "false"])),
        ("Location", "Where to ask for the edit.", TEXT),
        ("Retry-After", "Seconds until it is worth asking again.", {"type": "integer"}),
        ("Preference-Applied", "Which preference was followed.", TEXT),
        ("Idempotent-Replayed", "`true`: nothing new was bought.", ref("True")),
        ("WWW-Authenticate", "How to say who asks.", TEXT),
    )
}
