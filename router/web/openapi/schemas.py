"""What answers look like, as JSON Schema. The tests hold real answers to it."""

from router.finance.report import COLUMNS
from router.model import errors
from router.model.job import Resolution
from router.web.keys import Role
from router.web.openapi.accounting import ACCOUNTING
from router.web.openapi.accounts import ACCOUNTS
from router.web.openapi.alerts import ALERTS
from router.web.openapi.edits import ATTEMPT, CANDIDATE, EDITS
from router.web.openapi.offers import LATENCIES
from router.web.openapi.raises import OUTLOOK, RAISES
from router.web.openapi.refusals import PROBLEMS, UNSHOWN
from router.web.openapi.results import RESULTS
from router.web.openapi.shapes import (
    EDIT_ID,
    ENDS,
    FLAG,
    INSTANT,
    MONEY,
    NUMBER,
    PROVIDER_HEALTH,
    QUOTED_HEALTH,
    ROLLS,
    TEXT,
    USED,
    Schema,
    many,
    nullable,
    one_of,
    ref,
    thing,
)
from router.web.openapi.telling import CALLBACKS

QUOTED_ERRORS = (errors.BudgetExceeded, errors.NobodyQualifies, errors.Overloaded)


_TAGS = {"type": "object", "additionalProperties": TEXT, "description": "Names and values."}

_BASICS: dict[str, Schema] = {
    "Money": {
        "type": "string",
        "pattern": r"^-?[0-9]+\.[0-9]{2,9}$",
        "description": "US dollars, exact to the nano-dollar.",
        "examples": ["0.0875"],
    },
    "Instant": {
        "type": "string",
        "format": "date-time",
        "description": "RFC 3339, in UTC.",
        "examples": ["2026-11-20T09:00:00.000000Z"],
    },
    "Resolution": one_of(Resolution, "What an edit is priced by."),
    "Role": one_of(
        Role,
        "client: buys edits and reads its tenant's. viewer: only reads; of the tenant `everyone`, "
        "all of it. admin: all of it, for all tenants.",
    ),
}

_MONEY: dict[str, Schema] = {
    "Quote": thing(
        "What would become of an edit that is asked for now.",
        model=TEXT,
        resolution=ref("Resolution"),
        downshifted=nullable(ref("Downshift")),
        tenant=TEXT,
        chosen=nullable({**TEXT, "description": "The provider; null when it would be refused."}),
        price=nullable(MONEY),
        error=nullable(one_of([one.code for one in QUOTED_ERRORS], "Why it would be.")),
        by_lot=nullable(
            {
                "type": "object",
                "additionalProperties": NUMBER,
                "description": "Where an edit draws a lot of its own, as by weights or to see who "
                "is quick again: how many of a hundred go to which provider first, budgets aside. "
                "Null: all go where this one would.",
            }
        ),
        decision={
            **thing(
                "Who was looked at, and the verdict on each.",
                policy=TEXT,
                policy_hash=TEXT,
                rule=TEXT,
                candidates=many(thing("A provider.", **CANDIDATE, **QUOTED_HEALTH)),
            ),
            "additionalProperties": True,
        },
        budgets=many(
            thing(
                "What a budget has left for an offer.",
                provider=TEXT,
                budget=TEXT,
                scope=nullable({**TEXT, "description": UNSHOWN}),
                window_end=nullable(ENDS),
                rolls=ROLLS,
                limit=nullable({**MONEY, "description": UNSHOWN}),
                available=nullable({**MONEY, "description": UNSHOWN}),
                fits=FLAG,
            )
        ),
    ),
    "BudgetList": thing("Budgets as they stand.", budgets=many(ref("Budget"))),
    "Budget": thing(
        "One budget's window of one scope.",
        name=TEXT,
        scope=TEXT,
        has_room={**FLAG, "description": "Whether anything is left."},
        limit=nullable({**MONEY, "description": f"With what it is raised by. {UNSHOWN}"}),
        raises=many(
            thing(
                "By how much the limit is raised, and until when.",
                *("id", "who", "reason"),
                id={**TEXT, "description": "To end it by; told as `who` is."},
                by=MONEY,
                until=INSTANT,
                who={**TEXT, "description": "Told, as the reason is, to who sees all tenants."},
                reason=TEXT,
            )
        ),
        thresholds=many(
            thing(
                "So much of the limit, and since when it is reached.",
                percent={"type": "integer"},
                reached_at=nullable(INSTANT),
            )
        ),
        window_start=nullable(INSTANT),
        window_end=nullable(ENDS),
        rolls=ROLLS,
        time_zone={**TEXT, "description": "Whose days the window is made of, by its IANA name."},
        **dict.fromkeys(USED, nullable({**MONEY, "description": UNSHOWN})),
        refused={
            **FLAG,
            "description": "Whether edits were refused, and what is left is too little for them.",
        },
        **OUTLOOK,
    ),
    "Spend": thing(
        "What was spent, added up.",
        by=many(TEXT),
        time_zone=TEXT,
        rows=many(ref("SpendRow")),
        total=ref("Amounts"),
        drift=thing(
            "Charges that were not their price, by how much in either direction; less what a later "
            "bill took back.",
            charges={"type": "integer"},
            over=MONEY,
            under=MONEY,
        ),
        paid_twice=thing(
            "What was paid for edits beyond the dearest charge of each.",
            edits={"type": "integer"},
            amount=MONEY,
        ),
    ),
    "SpendRow": {
        "allOf": [ref("Amounts")],
        "description": "Amounts, with one field more for each word of `by`.",
    },
    "Amounts": {
        **thing(
            "What is known of some edits' money, each amount apart.",
            edits={
                "type": "integer",
                "description": "How many were delivered: each once, however often it was paid for.",
            },
            **dict.fromkeys(COLUMNS[1:], MONEY),
        ),
        "additionalProperties": TEXT,
    },
}

_KEY = {
    "id": TEXT,
    "tenant": TEXT,
    "role": ref("Role"),
    "name": TEXT,
    "tags": _TAGS,
    "budget": nullable({**TEXT, "description": "Its own, if it has one."}),
    "created_at": INSTANT,
    "expires_at": nullable(INSTANT),
    "revoked_at": nullable(INSTANT),
}
_SECRET = {**TEXT, "description": "The key itself: told here, and never again."}

_HOUSE: dict[str, Schema] = {
    "Key": thing("A key, without what would let anyone use it.", **_KEY),
    "NewKey": thing("A key, and the only answer that ever tells it.", **_KEY, key=_SECRET),
    "RotatedKey": thing(
        "A new key, and the one that it replaces, with its end.",
        **_KEY,
        key=_SECRET,
        former=ref("Key"),
    ),
    "KeyList": thing("All keys, the oldest first.", keys=many(ref("Key"))),
    "OpenAttempt": thing(
        "An attempt, with what a person needs to look it up at its provider.",
        **ATTEMPT,
        job_id=EDIT_ID,
        tenant=TEXT,
        provider_ref=nullable(TEXT),
        detail=nullable(TEXT),
        created_at=INSTANT,
        horizon_at={**INSTANT, "description": "Until then evidence may come."},
    ),
    "AttemptList": thing("Attempts whose money is open.", attempts=many(ref("OpenAttempt"))),
    "Readiness": thing(
        "Whether edits are taken. All but `ready` is told with `?verbose`.",
        *("ledger", "recovery", "draining", "policy", "providers"),
        ready=FLAG,
        ledger=one_of(["writable", "not writable"]),
        recovery=one_of(["done", "under way"]),
        draining=FLAG,
        policy=thing(
            "The policy in force.",
            name=TEXT,
            hash=TEXT,
            since={**INSTANT, "description": "From when on, in this process."},
            error=nullable(
                thing(
                    "Why its files, as they are now, are not in force.",
                    at=INSTANT,
                    count={**NUMBER, "description": "How many there are; the first ten are told."},
                    problems=many(
                        {
                            **TEXT,
                            "description": (
                                "`file:line:column: message` for who may see all tenants; "
                                "`file:line` for everybody else."
                            ),
                        }
                    ),
                )
            ),
        ),
        providers={
            "type": "object",
            "additionalProperties": thing(
                "A provider. What is not always told is for who may see all tenants.",
                *("reason", "started", "failed", "waiting", "stopped", "credit"),
                connected=FLAG,
                **PROVIDER_HEALTH,
                credit=ref("Credit"),
            ),
        },
    ),
    "Liveness": thing("The process runs.", alive=FLAG),
    "EditUnderWay": {"anyOf": [ref("Edit"), ref("EditBegun")]},
    "True": one_of(["true"]),
    "Anything": {"description": "Whatever it is, it is not believed."},
    "Nothing": thing("There is nothing to say."),
    "Document": {"type": "object", "additionalProperties": True},
}

ANSWER_SCHEMAS: dict[str, Schema] = {
    **_BASICS,
    **EDITS,
    **CALLBACKS,
    **_MONEY,
    **RAISES,
    **ACCOUNTING,
    **ALERTS,
    **LATENCIES,
    **RESULTS,
    **ACCOUNTS,
    **_HOUSE,
    **PROBLEMS,
}
