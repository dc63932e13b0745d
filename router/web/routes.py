"""Every route with who may take it: one table, which the tests are made from as well."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from enum import Enum

from aiohttp import web

from router.model.errors import Forbidden
from router.web import (
    accounting,
    administration,
    alerts,
    archive,
    claims,
    doorbell,
    edits,
    exporting,
    files,
    history,
    probes,
    quotes,
    raising,
    rotation,
    spending,
    statements,
    telling,
)
from router.web.auth import Caller
from router.web.dashboard import behind, jobs, operations, pages, signing_in
from router.web.dashboard.dialect import PAGE
from router.web.dialect import Dialect
from router.web.dialects import runpod, shortapi
from router.web.dialects.openai import routes as openai
from router.web.dialects.openai.refusing import OPENAI
from router.web.dialects.runpod_telling import DIALECT as RUNPOD
from router.web.dialects.shortapi import DIALECT as SHORTAPI
from router.web.keys import Role
from router.web.problems import NATIVE
from router.web.visit import Visit

VisitHandler = Callable[[Visit], Awaitable[web.StreamResponse]]
_ALL_TENANTS = "This shows all tenants: it takes an admin's key, or a viewer's for `everyone`."


class Access(Enum):
    """Who may take a route."""

    PUBLIC = ("nobody is asked", frozenset[Role]())  # Whoever finds the port; no key is looked at.
    BUY = ("its own", frozenset({Role.CLIENT, Role.ADMIN}))
    READ = ("its own", frozenset({Role.CLIENT, Role.VIEWER, Role.ADMIN}))
    VIEW = ("its own", frozenset({Role.VIEWER, Role.ADMIN}))
    READ_ALL = ("all", frozenset({Role.VIEWER, Role.ADMIN}))  # A viewer only if it sees all.
    ADMIN = ("all", frozenset({Role.ADMIN}))

    @property
    def roles(self) -> frozenset[Role]:
        """The roles of keys that allow it."""
        return self.value[1]

    def check(self, caller: Caller) -> None:
        """
        Let a caller in.

        Raises:
            Forbidden: Its key is not for this.
        """
        if caller.role not in self.roles:
            raise Forbidden(f"A key with the role {caller.role} does not allow this.")
        if self is Access.READ_ALL and not caller.sees_all:
            raise Forbidden(_ALL_TENANTS)


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path."""

    method: str
    path: str
    handler: VisitHandler
    access: Access
    dialect: Dialect = NATIVE
    buys: bool = False
    """Whether it buys edits."""
    before_ready: bool = False
    """Whether it answers while recovery is under way."""
    with_head: bool = False
    """Whether HEAD is answered as well: as the GET would be, without its body."""
    by_session: bool = False
    """Whether a browser that is signed in may take it without a key. Nothing that changes may."""


@dataclass(frozen=True, slots=True)
class Unserved:
    """The rest of what a dialect's clients may ask for: not found, in their own words."""

    path: str
    """With `{rest:.*}` at its end: all that begins so."""
    dialect: Dialect
    detail: str


def _of(dialect: Dialect, *routes: Route) -> tuple[Route, ...]:
    """Routes whose errors are told in a dialect."""
    return tuple(replace(route, dialect=dialect) for route in routes)


def _by_session(*routes: Route) -> tuple[Route, ...]:
    """Routes that a browser which is signed in may take."""
    return tuple(replace(route, by_session=True) for route in routes)


ROUTES: tuple[Route, ...] = (
    Route("POST", "/v1/edits", edits.create_edit, Access.BUY, buys=True),
    Route("GET", "/v1/edits", edits.list_edits, Access.READ),
    Route("GET", "/v1/edits/{id}", edits.read_one, Access.READ),
    Route("POST", "/v1/edits/{id}/cancel", edits.cancel, Access.BUY),
    Route("POST", "/v1/edits/{id}/callback/redeliver", telling.redeliver, Access.BUY),
    Route("GET", "/v1/callbacks", telling.list_callbacks, Access.ADMIN),
    Route("GET", "/v1/callbacks/secret", telling.read_secret, Access.BUY),
    *_of(
        SHORTAPI,
        Route("POST", "/api/v1/job/create", shortapi.create, Access.BUY, buys=True),
        Route("GET", "/api/v1/job/query", shortapi.query, Access.READ),
    ),
    *_of(
        RUNPOD,
        Route("POST", "/v2/{slug}/run", runpod.run, Access.BUY, buys=True),
        Route("POST", "/v2/{slug}/runsync", runpod.run_sync, Access.BUY, buys=True),
        Route("GET", "/v2/{slug}/status/{id}", runpod.read_status, Access.READ),
        Route("GET", "/v2/{slug}/status-sync/{id}", runpod.hold_status, Access.READ),
        Route("POST", "/v2/{slug}/status-sync/{id}", runpod.hold_status, Access.READ),
        Route("POST", "/v2/{slug}/cancel/{id}", runpod.cancel, Access.BUY),
        Route("GET", "/v2/{slug}/health", runpod.health, Access.READ),
    ),
    Route("POST", "/v1/quotes", quotes.create_quote, Access.READ),
    *_of(
        OPENAI,
        Route("POST", "/v1/images/edits", openai.create_image_edit, Access.BUY, buys=True),
        Route("GET", "/v1/models", openai.list_models, Access.READ),
        Route("GET", "/v1/models/{id}", openai.read_model, Access.READ),
    ),
    Route("GET", "/v1/budgets", spending.list_budgets, Access.READ),
    Route("GET", "/v1/budgets/history", history.budget_history, Access.READ_ALL),
    Route("GET", "/v1/alerts", alerts.list_alerts, Access.READ_ALL),
    Route("POST", "/v1/alerts/test", alerts.send_sample, Access.ADMIN),
    Route("GET", "/v1/alerts/secret", alerts.read_secret, Access.ADMIN),
    Route("POST", "/v1/budgets/{id}/raise", raising.raise_budget, Access.ADMIN),
    Route("POST", "/v1/raises/{id}/end", raising.end_raise, Access.ADMIN),
    Route("GET", "/v1/spend", spending.read_spend, Access.READ),
    *_by_session(Route("GET", "/v1/exports/focus", exporting.export_focus, Access.READ)),
    Route("GET", "/v1/accounts/events", accounting.list_all_events, Access.READ_ALL),
    Route("GET", "/v1/accounts/{provider}/events", accounting.list_events, Access.READ_ALL),
    Route("POST", "/v1/accounts/{provider}/events", accounting.record_event, Access.ADMIN),
    Route("GET", "/v1/periods", accounting.list_periods, Access.READ_ALL),
    Route("POST", "/v1/periods", accounting.close_period, Access.ADMIN),
    Route("GET", "/v1/claims", claims.list_claims, Access.READ_ALL),
    Route("POST", "/v1/statements", statements.create_statement, Access.ADMIN),
    Route("GET", "/v1/statements", statements.list_statements, Access.READ_ALL),
    Route("POST", "/v1/statements/{id}/withdraw", statements.withdraw_statement, Access.ADMIN),
    Route("POST", "/v1/balances", statements.create_balance, Access.ADMIN),
    Route("GET", "/v1/balances", statements.list_balances, Access.READ_ALL),
    Route("GET", "/v1/prices/drift", statements.list_drift, Access.READ_ALL),
    Route("GET", "/v1/archive", archive.read_archive, Access.ADMIN),
    Route("POST", "/v1/keys", administration.create_key, Access.ADMIN),
    Route("GET", "/v1/keys", administration.list_keys, Access.ADMIN),
    Route("DELETE", "/v1/keys/{id}", administration.revoke_key, Access.ADMIN),
    Route("POST", "/v1/keys/{id}/rotate", rotation.rotate_key, Access.ADMIN),
    Route("GET", "/v1/attempts", administration.list_attempts, Access.ADMIN),
    Route("POST", "/v1/attempts/{id}/settle", administration.settle_attempt, Access.ADMIN),
    Route("POST", "/callbacks/{provider}/{token}", doorbell.ring, Access.PUBLIC),
    Route("GET", "/inputs/{name}", files.read_input, Access.PUBLIC, with_head=True),
    Route("GET", "/results/{name}", files.read_result, Access.PUBLIC, with_head=True),
    Route("GET", "/metrics", probes.metrics, Access.READ_ALL),
    Route("GET", "/livez", probes.livez, Access.PUBLIC, before_ready=True),
    Route("GET", "/readyz", probes.readyz, Access.PUBLIC, before_ready=True),
    Route("GET", "/openapi.json", probes.openapi, Access.PUBLIC, before_ready=True),
    Route("GET", "/", probes.index, Access.PUBLIC),
    *_of(
        PAGE,
        *_by_session(
            Route("GET", "/dashboard", pages.show_finance, Access.VIEW),
            Route("GET", "/dashboard/spend.csv", pages.download_csv, Access.VIEW),
            Route("GET", "/dashboard/spend.json", pages.download_json, Access.VIEW),
            Route("GET", "/dashboard/operations", operations.show_operations, Access.READ_ALL),
            Route("GET", "/dashboard/notices/{kind}", behind.show_behind, Access.VIEW),
            Route("GET", "/dashboard/jobs", jobs.show_jobs, Access.VIEW),
            Route("GET", "/dashboard/jobs/{id}", jobs.show_job, Access.VIEW),
        ),
        Route("GET", "/dashboard/sign-in", signing_in.show_form, Access.PUBLIC),
        Route("POST", "/dashboard/sign-in", signing_in.sign_in, Access.PUBLIC),
        Route("POST", "/dashboard/sign-out", signing_in.sign_out, Access.PUBLIC),
        Route("GET", "/dashboard/assets/{name}", signing_in.read_asset, Access.PUBLIC),
    ),
)

UNSERVED: tuple[Unserved, ...] = (
    Unserved("/api/v1/{rest:.*}", SHORTAPI, shortapi.NOT_SERVED),
    Unserved("/v2/{rest:.*}", RUNPOD, runpod.NOT_SERVED),
    *(
        Unserved(f"/v1/{begins}{{rest:.*}}", OPENAI, openai.NOT_SERVED)
        for begins in ("images", "models", "chat/", "completions", "responses", "embeddings")
    ),
)
"""Looked at when no route fits, whatever the method."""
