"""The operators' dashboard: whether it runs, how fast, and where it hurts."""

from deploy.grafana.panels import (
    COUNT,
    DOLLARS,
    PER_SECOND,
    SECONDS,
    SHARE,
    Board,
    Kind,
    Panel,
    Query,
    Row,
)
from deploy.grafana.stopped import STOPPED

_RATE = "$__rate_interval"


def _rate(name: str, by: str, labels: str = "") -> str:
    """Of what each process counts itself."""
    return f"sum by ({by}) (rate({name}{labels}[{_RATE}]))"


def _quantile(share: float, name: str, by: str = "") -> str:
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({name}_bucket[{_RATE}])))"


def _state(state: str) -> str:
    return f'max by (provider) (farebox_provider_state{{state="{state}"}})'


_ATTEMPTS = "farebox_attempts_total"
_UNDELIVERED = '{outcome!="delivered"}'
_OLDEST = "time() - min by (provider, money) (farebox_oldest_open_timestamp_seconds)"

_EDITS = Row(
    "Edits",
    (
        Panel(
            title="Edits ended, by outcome",
            description="Per second, from the ledger: the same on every replica.",
            queries=(
                Query(
                    "sum by (outcome) (max by (model, resolution, outcome) "
                    f"(rate(farebox_jobs_total[{_RATE}])))",
                    "{{outcome}}",
                ),
            ),
            unit=PER_SECOND,
            kind=Kind.STACKED,
        ),
        Panel(
            title="Attempts by provider and outcome",
            description="Per second. One in doubt counts again when its end is known.",
            queries=(Query(_rate(_ATTEMPTS, "provider, outcome"), "{{provider}} {{outcome}}"),),
            unit=PER_SECOND,
            kind=Kind.STACKED,
        ),
        Panel(
            title="Attempts that delivered nothing",
            description="Share of all attempts. Refusals of content are the jobs' own fault.",
            queries=(
                Query(
                    f"{_rate(_ATTEMPTS, 'provider', _UNDELIVERED)} / "
                    f"({_rate(_ATTEMPTS, 'provider')} > 0)",
                    "{{provider}}",
                ),
            ),
            unit=SHARE,
        ),
        Panel(
            title="Time to the image",
            description="From the first byte sent to the image, of attempts that delivered.",
            queries=tuple(
                Query(
                    _quantile(share, "farebox_attempt_duration_seconds", "provider"),
                    f"{{{{provider}}}} {name}",
                )
                for share, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
            ),
            unit=SECONDS,
        ),
        Panel(
            title="Time in the provider's queue",
            description="Where the provider says it; p95.",
            queries=(
                Query(
                    _quantile(0.95, "farebox_provider_queue_seconds", "provider"), "{{provider}}"
                ),
            ),
            unit=SECONDS,
        ),
        Panel(
            title="Our own time",
            description="How long a request was in our own hands before it was a durable job.",
            queries=(
                Query(_quantile(0.5, "farebox_overhead_seconds"), "p50"),
                Query(_quantile(0.99, "farebox_overhead_seconds"), "p99"),
            ),
            unit=SECONDS,
        ),
    ),
)
_PROVIDERS = Row(
    "Providers",
    (
        Panel(
            title="State",
            description="0 serving, 1 probing, 2 ejected. Why is in /readyz?verbose.",
            queries=(Query(f"2 * {_state('ejected')} + {_state('probing')}", "{{provider}}"),),
            unit="none",
        ),
        Panel(
            title="Failovers",
            description="How often an edit went on to its next offer, and why; since each start.",
            queries=(
                Query(
                    "sum by (from, to, reason) (farebox_failovers_total)",
                    "{{from}} to {{to}}: {{reason}}",
                ),
            ),
            unit=COUNT,
        ),
        Panel(
            title="Under way, and in doubt",
            description="How many attempts have open money.",
            queries=(
                Query("max by (provider) (farebox_held_attempts)", "{{provider}} held"),
                Query("max by (provider) (farebox_in_doubt_attempts)", "{{provider}} in doubt"),
            ),
            unit=COUNT,
        ),
        Panel(
            title="Age of the oldest open money",
            description="Held: should be minutes. In doubt: until evidence, or its horizon. "
            "Nothing is shown where nothing is open.",
            queries=(Query(_OLDEST, "{{provider}} {{money}}"),),
            unit=SECONDS,
        ),
        Panel(
            title="Waiting for a slot",
            description="Creates that wait, so that the price book's limits are kept to.",
            queries=(Query("sum by (provider) (farebox_queue_length)", "{{provider}}"),),
            unit=COUNT,
        ),
        Panel(
            title="Wait for a turn",
            description="How long calls waited, to keep to what a provider allows; p95.",
            queries=(
                Query(
                    _quantile(0.95, "farebox_limit_wait_seconds", "provider, operation"),
                    "{{provider}} {{operation}}",
                ),
            ),
            unit=SECONDS,
        ),
        Panel(
            title="Polls and callbacks",
            description="Per second: callbacks spare polls.",
            queries=(
                Query(_rate("farebox_polls_total", "provider"), "{{provider}} polls"),
                Query(_rate("farebox_callbacks_total", "provider"), "{{provider}} callbacks"),
            ),
            unit=PER_SECOND,
        ),
        Panel(
            title="Callbacks by verdict",
            description="`unknown` in numbers: somebody guesses, or another router's callbacks "
            "come here.",
            queries=(
                Query(
                    "sum by (provider, verdict) (farebox_callbacks_total)",
                    "{{provider}} {{verdict}}",
                ),
            ),
            unit=COUNT,
        ),
        Panel(
            title="Price drift",
            description="How many charges were not the price that was pinned.",
            queries=(
                Query(
                    f"max by (provider) (delta(farebox_price_drift_jobs[{_RATE}]))",
                    "{{provider}}",
                ),
            ),
            unit=COUNT,
        ),
        STOPPED,
    ),
)
_HOUSE = Row(
    "The house",
    (
        Panel(
            title="Up, readable, writable",
            description="1 is good: scraped; the ledger can be read; the ledger takes holds; the "
            "policy's files are sound.",
            queries=(
                Query('up{job="farebox"}', "{{instance}} up"),
                Query("farebox_ledger_readable", "{{instance}} readable"),
                Query("farebox_ledger_writable", "{{instance}} writable"),
                Query("farebox_policy_last_reload_successful", "{{instance}} policy"),
            ),
            unit="none",
            kind=Kind.STAT,
        ),
        Panel(
            title="Commits",
            description="How long the ledger took to commit a batch. An edit waits for one.",
            queries=(
                Query(_quantile(0.5, "farebox_ledger_commit_seconds"), "p50"),
                Query(_quantile(0.99, "farebox_ledger_commit_seconds"), "p99"),
            ),
            unit=SECONDS,
        ),
        Panel(
            title="Commands in a batch",
            description="Grows with the load, so that commits need not; p95.",
            queries=(Query(_quantile(0.95, "farebox_ledger_batch_size"), "p95"),),
            unit=COUNT,
        ),
        Panel(
            title="Reading the books for a scrape",
            description="Well below the scrape's time-out, or money will be missing here.",
            queries=(Query("max by (instance) (farebox_ledger_read_seconds)", "{{instance}}"),),
            unit=SECONDS,
        ),
        Panel(
            title="Refused: too much waits",
            description="Edits refused with 503 before any hold, per second.",
            queries=(Query(_rate("farebox_overloaded_total", "instance"), "{{instance}}"),),
            unit=PER_SECOND,
        ),
        Panel(
            title="Denied by budgets",
            description="What the edits would have cost that a budget refused.",
            queries=(
                Query(
                    f"max by (budget) (increase(farebox_denied_usd_total[{_RATE}]))", "{{budget}}"
                ),
            ),
            unit=DOLLARS,
        ),
        Panel(
            title="Alarms",
            description="What a person should have looked at, since each start. The log has the "
            "sentence.",
            queries=(Query("sum by (what) (farebox_alarms_total)", "{{what}}"),),
            unit=COUNT,
            kind=Kind.STAT,
        ),
        Panel(
            title="Telling clients",
            description="What came of telling clients that their edits have ended, by try.",
            queries=(Query("sum by (verdict) (farebox_client_callbacks_total)", "{{verdict}}"),),
            unit=COUNT,
            kind=Kind.STAT,
        ),
        Panel(
            title="What runs",
            description="Versions and policies. More than one policy: replicas differ.",
            queries=(
                Query("count by (version) (farebox_build_info)", "Farebox {{version}}"),
                Query("count by (policy, hash) (farebox_policy_info)", "{{policy}} {{hash}}"),
            ),
            unit=COUNT,
            kind=Kind.STAT,
        ),
    ),
)

OPERATOR = Board(
    uid="farebox-operator",
    title="Farebox: operations",
    description="Whether edits are bought, how fast, and where it hurts.",
    since="now-6h",
    refresh="30s",
    rows=(_EDITS, _PROVIDERS, _HOUSE),
)
