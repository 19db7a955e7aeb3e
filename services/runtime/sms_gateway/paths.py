"""Where a gateway finds us, below the public address, and what it is called in delivery records."""

from typing import Final

STATUS: Final = "/v1/webhooks/sms-gateway/status"
PROVIDER: Final = "sms-gateway"
