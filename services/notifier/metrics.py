"""What the notifier counts. Labels are few and bounded: never a person, a number or a case."""

from prometheus_client import Counter, Gauge

STEPS = Counter("tocsin_notification_steps", "Steps of notifications, by channel and state.", ["channel", "state"])
LATE = Counter("tocsin_notifications_late", "Notifications not with a provider within the patience.", ["channel"])
CONTACTS_FLAGGED = Gauge("tocsin_contacts_flagged", "Contacts of the directory by which nobody is reached.", ["flaw"])
PROVIDER_OPEN = Gauge(
    "tocsin_provider_circuit_open",
    "1 while a provider takes nothing and others are asked first.",
    ["channel", "provider"],
)
