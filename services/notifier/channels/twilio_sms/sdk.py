"""Awaiting a call of Twilio's SDK, whose errors become ours."""

import asyncio
from typing import Any

from twilio.base.exceptions import TwilioRestException, TwilioServiceException

from services.notifier.channels.base import ChannelError, OutcomeUnknown
from services.notifier.channels.twilio_sms.errors import error_of


async def answered(call: Any, seconds: float) -> Any:
    """Await a call of the SDK, a list's several pages included.

    Raises:
        ChannelError: by the table in ``services.runtime.twilio_codes``.
    """
    try:
        async with asyncio.timeout(seconds):
            return await call
    except TimeoutError as error:
        raise OutcomeUnknown(f"no answer from Twilio within {seconds:g} s") from error
    except (TwilioRestException, TwilioServiceException) as error:
        raise error_of(error.status, error.code) from error
    except ChannelError:
        raise
    except Exception as error:  # an answer the SDK cannot read, such as a proxy's page: anything may have happened
        raise OutcomeUnknown(f"Twilio's answer cannot be read: {type(error).__name__}") from error
