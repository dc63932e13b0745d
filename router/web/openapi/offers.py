"""What decisions tell of an offer beside its price, as JSON Schema."""

from router.web.openapi.shapes import COUNT, NUMBER, Schema, nullable, ref, thing

LATENCIES: dict[str, Schema] = {
    "Latency": thing(
        "How long an edit is expected to take there, by what was seen of late and, the more the "
        "fewer edits were seen, by what the price book states; to the tenth of a second, and "
        "exactly to who sees all tenants.",
        p50_s={**NUMBER, "description": "Half of the edits likely take at most so many seconds."},
        p95_s={
            **NUMBER,
            "description": "95 of 100 likely take at most so many. A `latency_max` "
            "goes by the lower end of what that may be.",
        },
        mean_s={**NUMBER, "description": "On average."},
        queue_s=nullable({**NUMBER, "description": "Half wait less in the provider's queue."}),
        execution_s=nullable({**NUMBER, "description": "Half are worked on for less."}),
        samples=nullable(
            {
                **COUNT,
                "description": "From how many edits that is known, older ones counting for less; "
                "0: it is what the price book states. Null, where it was learnt, to who does not "
                "see all tenants: the edits are everybody's.",
            }
        ),
    ),
}
EXPECTED: dict[str, Schema] = {
    "latency": nullable(ref("Latency")),
    "failing": {
        **NUMBER,
        "description": "Which share of attempts there is expected to fail; in hundredths, and "
        "exactly to who sees all tenants.",
    },
}
"""What a decision went by, beside the price."""
