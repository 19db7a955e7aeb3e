"""What a person reads when the message broker cannot be started."""


class BrokerError(Exception):
    """The broker cannot be started or used; the text says what happened, where, and what to do now."""


class JarFetchError(BrokerError):
    """Kafka's jar files could not be fetched. Another broker (`--broker embedded` or `external`) may still work."""
