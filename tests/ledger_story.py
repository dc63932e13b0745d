"""Stories told to a ledger line by line: `post j1.1 $0.05 -> posted`."""

import shlex
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from router.ledger.answers import (
    Alerted,
    AllPlaced,
    Answer,
    Conflict,
    Done,
    NotBooked,
    NotRotated,
    Placed,
    Refused,
    Replayed,
    Rotated,
    Stale,
)
from router.ledger.commands import (
    Accept,
    Adjust,
    Command,
    Dispatch,
    Doubt,
    End,
    Hold,
    Idempotency,
    JobEnd,
    Post,
    Presume,
    Run,
    Tender,
    Void,
)
from router.ledger.decide import decide
from router.ledger.page import Page
from router.ledger.rows import AttemptRow, BalanceRow, Window
from router.model.budget import Limit, Usage
from router.model.charge import Reported
from router.model.ids import AttemptId, JobId, ProviderRef, job_of
from router.model.job import JobState
from tests.fakes import EPOCH
from tests.ledger_kit import CALLBACK, a_job_row, a_lifetime_limit, a_limit, an_attempt_row, usd


@dataclass
class Scribe:
    """Turns the lines of a story into commands. Amounts are quoted as `$0.04` or `$0.04@runpod`."""

    at: datetime = EPOCH
    limits: dict[str, Limit] = field(default_factory=dict)

    def read(self, script: str) -> Iterator[tuple[str, list[str], str]]:
        """The lines of a story: as it stands, its words, and what is expected."""
        for line in filter(None, map(str.strip, script.splitlines())):
            text, _, expected = line.partition("->")
            yield line, shlex.split(text), " ".join(expected.split())

    def stage(self, words: list[str]) -> bool:
        """Set a limit or move time; False for a line that is a command."""
        match words:
            case ["limit", budget, amount]:
                self.limits[budget] = a_limit(budget, amount, at=self.at)
            case ["limit", budget, amount, "for", "ever"]:
                self.limits[budget] = a_lifetime_limit(budget, amount)
            case ["wait", hours]:
                self.at += timedelta(hours=float(hours.removesuffix("h")))
            case _:
                return False
        return True

    def command(self, words: list[str]) -> Command:
        """The command that a line stands for."""
        verb, name, *rest = words
        options = dict(word.split("=", 1) for word in rest if "=" in word)
        amounts = [word for word in rest if "$" in word]
        if verb == "place":
            return self._accept(name, amounts, options)
        if verb == "hold":
            job = job_of(AttemptId(name))
            ready = frozenset(options.get("ready", "").split(","))
            return Hold(at=self.at, job_id=job, tenders=self._tenders(name, amounts), ready=ready)
        if verb == "end":
            return End(at=self.at, job_id=JobId(name), end=_end(rest[0], None))
        return self._on_attempt(verb, AttemptId(name), amounts, options)

    def _accept(self, name: str, amounts: list[str], options: dict[str, str]) -> Accept:
        promise = None
        if "key" in options:
            fingerprint = options.get("fingerprint", "f1")
            promise = Idempotency(key=options["key"], fingerprint=fingerprint)
        return Accept(
            at=self.at,
            job=a_job_row(name, created_at=self.at),
            tenders=self._tenders(f"{name}.1", amounts),
            ready=frozenset(options.get("ready", "").split(",")),
            idempotency=promise,
            callback=CALLBACK,
        )

    def _tenders(self, name: str, amounts: list[str]) -> tuple[Tender, ...]:
        return tuple(self._tender(name, *amount.partition("@")[::2]) for amount in amounts)

    def _tender(self, name: str, price: str, provider: str) -> Tender:
        provider = provider or "shortapi"
        attempt = an_attempt_row(
            name,
            price=usd(price),
            provider=provider,
            created_at=self.at,
            horizon_at=self.at + timedelta(seconds=5400),
        )
        others = {"shortapi", "runpod"} - {provider}
        limits = [limit for budget, limit in self.limits.items() if budget not in others]
        return Tender(attempt=attempt, limits=tuple(limits))

    def _on_attempt(
        self, verb: str, name: AttemptId, amounts: list[str], options: dict[str, str]
    ) -> Command:
        at, end = self.at, _end(options["end"], name) if "end" in options else None
        command: Command
        match verb:
            case "dispatch":
                command = Dispatch(at=at, attempt_id=name)
            case "run":
                quote = Reported(raw=amounts[0], source="data.amount", amount=usd(amounts[0]))
                command = Run(at=at, attempt_id=name, ref=ProviderRef(options["ref"]), quote=quote)
            case "post":
                amount = usd(amounts[0])
                reported = Reported(raw=str(amount), source="output.cost", amount=amount)
                command = Post(
                    at=at,
                    attempt_id=name,
                    amount=amount,
                    outcome="delivered",
                    reported=reported if "silent" not in options else None,
                    end=end,
                )
            case "void":
                command = Void(
                    at=at,
                    attempt_id=name,
                    outcome="provider_refused",
                    end=end,
                    only_unsent="unsent" in options,
                )
            case "doubt":
                command = Doubt(at=at, attempt_id=name, outcome="provider_in_doubt")
            case "presume":
                command = Presume(at=at, attempt_id=name)
            case "adjust":
                billed = "statement" in options
                command = Adjust(
                    at=at,
                    attempt_id=name,
                    difference=usd(amounts[0]),
                    who="ada",
                    reason=f"statement {options['statement']}" if billed else "letter",
                    source="statement" if billed else "word",
                )
            case _:
                raise ValueError(verb)
        return command


def _end(state: str, delivered_by: AttemptId | None) -> JobEnd:
    delivered = state == "succeeded"
    return JobEnd(
        state=JobState(state),
        error_code=None if delivered else "provider_failed",
        images=("https://images.example/1.png",) if delivered else (),
        delivered_by=delivered_by if delivered else None,
    )


def told(answer: Answer) -> str:
    """An answer in a story's words: what became of the attempt, or else of the job."""
    words = ""
    match answer:
        case Placed(attempt=attempt):
            words = f"placed {attempt.state} at {attempt.provider}"
        case Refused(limit=limit, usage=usage):
            words = f"refused by {limit.budget}, {usage.available(limit.limit).usd} left"
        case Replayed(job_id=job_id):
            words = f"replayed {job_id}"
        case Conflict():
            words = "conflict"
        case Stale():
            words = "stale"
        case Done(attempt=AttemptRow() as attempt):
            words = str(attempt.state)
        case Done(job=job):
            words = str(job.state) if job is not None else "done"
        case Rotated() | NotRotated() | AllPlaced() | NotBooked():
            words = type(answer).__name__
        case Alerted(alerts=alerts):
            words = " ".join(f"{alert.percent}%" for alert in alerts) or "quiet"
    return words


def spelled(usage: Usage | None) -> str:
    """A usage in a story's words: only what is not nothing, or `nothing`."""
    usage = usage or Usage()
    amounts = {
        "posted": usage.posted,
        "presumed": usage.presumed,
        "held": usage.held,
        "in_doubt": usage.in_doubt,
    }
    return " ".join(f"{name} {amount.usd}" for name, amount in amounts.items() if amount) or (
        "nothing"
    )


class Books:
    """A ledger without a back end: one page, on which commands are decided and applied."""

    def __init__(self) -> None:
        self.page = Page()

    def submit(self, command: Command) -> Answer:
        """Decide and apply."""
        decided = decide(self.page, command)
        self.page.apply(decided.changes)
        return decided.answer

    def usage(self, limit: Limit) -> Usage | None:
        """What of a limit's window is used."""
        row = self.page.get(BalanceRow, *Window.of(limit).key)
        return row.usage if row else None


def tell(script: str, books: Books | None = None) -> Books:
    """
    Tell a story and check each line's outcome: `post j1.1 $0.05 -> posted`.

    Lines: `limit BUDGET $N [for ever]`, `wait 3h`, `used BUDGET -> posted $0.05 held $0.02`, and
    the verbs of the ledger; `place j1 …` makes job `j1` and its attempt `j1.1`. A budget that is
    named as a provider limits only that provider.
    """
    books = books or Books()
    scribe = Scribe()
    for line, words, expected in scribe.read(script):
        if scribe.stage(words):
            continue
        if words[0] == "used":
            outcome = spelled(books.usage(scribe.limits[words[1]]))
        else:
            outcome = told(books.submit(scribe.command(words)))
        assert outcome == expected, f"{line}\n    but: {outcome}"
    return books


Submit = Callable[[Command], Coroutine[Any, Any, Answer]]
Used = Callable[[Limit], Coroutine[Any, Any, Usage]]


async def tell_to(submit: Submit, used: Used, script: str) -> None:
    """Tell a story to a ledger with a back end; as `tell`."""
    scribe = Scribe()
    for line, words, expected in scribe.read(script):
        if scribe.stage(words):
            continue
        if words[0] == "used":
            outcome = spelled(await used(scribe.limits[words[1]]))
        else:
            outcome = told(await submit(scribe.command(words)))
        assert outcome == expected, f"{line}\n    but: {outcome}"
