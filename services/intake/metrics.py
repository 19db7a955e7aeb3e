"""What the intake counts. Labels are few and bounded: never a person, a school or a case."""

from typing import get_args

from prometheus_client import Counter, Gauge, Histogram

from events.roll_call import Answer, ConfirmedVia

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

REQUESTS = Counter(
    "tocsin_http_requests", "HTTP requests answered, by route template.", ["method", "route", "status_class"]
)
DURATION = Histogram(
    "tocsin_http_request_seconds", "Time to answer, streams left out.", ["method", "route"], buckets=BUCKETS
)
FILED = Counter("tocsin_incidents_filed", "Reports stored for the first time.", ["urgent", "exercise"])
JOINED = Counter("tocsin_reports_joined", "Reports that joined the case of the same event.")
PETITIONS = Counter("tocsin_petitions_filed", "Petitions stored for the first time.", ["exercise"])
ACKNOWLEDGED = Counter("tocsin_codes_acknowledged", "Acknowledgements taken by code.", ["outcome"])
CALLBACKS = Counter("tocsin_twilio_callbacks", "What Twilio told, and what came of it.", ["kind", "outcome"])
LINKS = Counter("tocsin_answer_links", "Links of messages that were opened, and what came of it.", ["outcome"])
BOUNCES = Counter("tocsin_bounces", "Returned emails, and what came of them.", ["outcome"])
GATEWAY_RECEIPTS = Counter("tocsin_gateway_receipts", "Receipts of a template SMS gateway, by outcome.", ["outcome"])
ZERO_REPORTS = Counter("tocsin_zero_reports", "Answers to roll calls, stored.", ["via", "status"])
LISTENERS = Gauge("tocsin_stream_listeners", "Clients that follow the live stream now.")
DROPPED = Counter("tocsin_stream_listeners_dropped", "Clients that were too slow and must come back.")

for _urgent in ("true", "false"):
    for _exercise in ("true", "false"):
        FILED.labels(urgent=_urgent, exercise=_exercise)
for _exercise in ("true", "false"):
    PETITIONS.labels(exercise=_exercise)
for _outcome in ("accepted", "repeated", "wrong", "limited"):
    ACKNOWLEDGED.labels(outcome=_outcome)
for _outcome in ("taken", "nothing-new", "stranger", "unreadable", "forged"):
    GATEWAY_RECEIPTS.labels(outcome=_outcome)
for _kind in ("message", "call", "reply"):
    for _outcome in ("taken", "nothing-new", "stranger", "unreadable", "forged"):
        CALLBACKS.labels(kind=_kind, outcome=_outcome)
for _outcome in ("shown", "accepted", "declined", "nothing-to-do", "used", "expired", "wrong", "limited", "unanswered"):
    LINKS.labels(outcome=_outcome)
for _outcome in ("taken", "nothing-new", "stranger", "unreadable", "forged", "busy"):
    BOUNCES.labels(outcome=_outcome)
for _via in get_args(ConfirmedVia):
    for _status in get_args(Answer):
        ZERO_REPORTS.labels(via=_via, status=_status)
