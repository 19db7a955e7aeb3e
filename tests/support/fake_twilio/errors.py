"""Twilio's error answers: the code table and the JSON shape.

Source: https://www.twilio.com/docs/api/errors and https://www.twilio.com/docs/usage/twilios-response#response-formats-exceptions
"""

from typing import Any

KNOWN: dict[int, tuple[int, str]] = {
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "Internal Server Error"),
    21211: (400, "Invalid 'To' Phone Number"),
    21408: (400, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number"),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21614: (400, "'To' number is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
}
"""Code → HTTP status and message."""


class TwilioError(Exception):
    """An error answer, as a client sees it. A code this table does not know needs its status and message given."""

    def __init__(
        self, code: int, *, status: int | None = None, message: str | None = None, retry_after: int | None = None
    ) -> None:
        known_status, known_message = KNOWN.get(code, (500, f"Error {code}"))
        self.code = code
        self.status = status if status is not None else known_status
        self.message = message if message is not None else known_message
        self.retry_after = retry_after
        super().__init__(f"{self.status} {code}: {self.message}")

    def body(self) -> dict[str, Any]:
        """Return the JSON answer."""
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }

    def headers(self) -> dict[str, str]:
        """Return the headers beyond the usual ones; Retry-After is in whole seconds."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
