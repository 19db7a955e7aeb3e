"""A fake Twilio: a real HTTP server with the Messages and Calls APIs, checked against Twilio's own OpenAPI file."""

from tests.support.fake_twilio.api import Account
from tests.support.fake_twilio.calls import Call
from tests.support.fake_twilio.messages import Message
from tests.support.fake_twilio.server import FakeTwilio

__all__ = ["Account", "Call", "FakeTwilio", "Message"]
