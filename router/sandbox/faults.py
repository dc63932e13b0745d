"""
Everything that can go wrong, as a table.

What each fault does stands beside what it does it to: replies in `damage`, jobs in `bend`,
pictures in `gallery`, callbacks in `postbox`. When it happens is said by the rules in `rules`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Operation(Enum):
    """What is being asked of a provider."""

    CREATE = "create"
    QUERY = "query"
    CANCEL = "cancel"
    IMAGE = "image"
    """A result's URL is fetched."""
    CALLBACK = "callback"
    """The provider tells the client that a job is over."""


class Kind(Enum):
    """Where a fault takes hold."""

    REPLY = "reply"
    """The answer to one call, or the connection under it."""
    JOB = "job"
    """The job that a create makes, for all its life."""
    VIEW = "view"
    """What one query is told of the job."""
    PICTURE = "picture"
    """What one fetch of a result gets."""
    CALLBACK = "callback"
    """How one job's end is told."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that can go wrong."""

    name: str
    at: Mapping[Operation, Kind]
    summary: str
    options: frozenset[str] = frozenset()


_CALLS = (Operation.CREATE, Operation.QUERY, Operation.CANCEL)
_ANSWERS = (*_CALLS, Operation.IMAGE)


def _reply(name: str, summary: str, *operations: Operation, options: str = "") -> Fault:
    at = dict.fromkeys(operations or _ANSWERS, Kind.REPLY)
    return Fault(name, at, summary, frozenset(options.split()))


def _job(name: str, summary: str, options: str = "") -> Fault:
    return Fault(name, {Operation.CREATE: Kind.JOB}, summary, frozenset(options.split()))


def _view(name: str, summary: str, options: str = "") -> Fault:
    at = {Operation.CREATE: Kind.JOB, Operation.QUERY: Kind.VIEW}
    return Fault(name, at, summary, frozenset(options.split()))


def _picture(name: str, summary: str, options: str = "") -> Fault:
    at = {Operation.CREATE: Kind.JOB, Operation.IMAGE: Kind.PICTURE}
    return Fault(name, at, summary, frozenset(options.split()))


def _callback(name: str, summary: str, options: str = "") -> Fault:
    return Fault(name, {Operation.CALLBACK: Kind.CALLBACK}, summary, frozenset(options.split()))


_TABLE = (
    _reply("accept_then_hang", "processed, then silence"),
    _reply("accept_then_reset", "processed, then RST"),
    _reply("accept_then_disconnect", "processed, then FIN"),
    _reply("hang_before_accept", "read, never processed, silence"),
    _reply("reset_before_accept", "read, never processed, RST"),
    _reply("disconnect_before_accept", "read, never processed, FIN"),
    _reply("refuse", "no connection; one that is open already, as a socket's always is, is reset"),
    _reply("truncated", "processed, half of the answer's body"),
    _reply("slow_drip", "processed, the answer's body a byte at a time"),
    _reply("gzip_bomb", "processed, 200 with a small body that inflates to 64 MiB"),
    _reply("ok_html", "processed, 200 with a page of HTML"),
    _reply("ok_broken_json", "processed, 200 with half a JSON document", *_CALLS),
    _reply("ok_no_id", "processed, 200 without the job's id", Operation.CREATE),
    *(_reply(f"status_{code}", f"{code}, never processed") for code in (500, 502, 503, 504)),
    *(_reply(f"{code}_after_accept", f"processed, {code}") for code in (500, 502, 503, 504)),
    _reply("html_502_after_accept", "processed, a CDN's 502 page"),
    _reply("redirect_307", "307 to the same place, not processed yet"),
    _reply("redirect_307_after_accept", "processed, and 307 to the same place"),
    _reply("status_429", "429, never processed", *_CALLS, options="retry_after_s"),
    _reply("status_401", "401, never processed", *_CALLS),
    _reply("status_403", "403, never processed", *_CALLS),
    _reply("credit_gone", "402, never processed", Operation.CREATE),
    _job("fail_job", "the job fails and costs what the documents say: nothing"),
    _job("fail_job_unrefunded", "the job fails and is billed all the same"),
    _job("succeed_without_image", "the job succeeds, is billed, and has no image"),
    _job("slow_job", "execution takes `factor` (10) times as long", "factor"),
    _job("duplicate_id", "the job is given the id of the latest one"),
    _job("cost_drift", "bills `factor` (1.5) times the price, or `amount`", "factor amount"),
    _job("cost_garbage", "says it billed nan, negative, huge or text", "value"),
    _view("unknown_status", "a state no document names, for `seconds` (30)", "seconds"),
    _view("query_404_for_a_while", "a query finds nothing, for `seconds` (30)", "seconds"),
    _view("status_regress", "running again after it was over"),
    _picture("dead_result_url", "the result's URL is a 404"),
    _picture("result_redirect", "the result's URL redirects to `location`", "location"),
    _picture("result_not_an_image", "HTML that calls itself image/png"),
    _picture("result_bomb", "a PNG of 400 million pixels in 50 KB"),
    _callback("callback_lost", "never sent"),
    _callback("callback_duplicate", "sent twice"),
    _callback("callback_late", "sent `seconds` (60) after the job's end", "seconds"),
    _callback("callback_forged", "a false one comes first, while the job still runs"),
    _callback("callback_early", "sent before the create's reply, `seconds` (1)", "seconds"),
)

FAULTS: Mapping[str, Fault] = {fault.name: fault for fault in _TABLE}
