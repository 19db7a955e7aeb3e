"""Which of a gateway's templates says a message, and what it is filled with: pure.

A template is text that was approved beforehand; only its parameters are ours, and each has a limit. The code, the
deadline and the receipt are never cut: rather than that, the message goes another way.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from services.notifier.channels.base import Message, Refused
from services.runtime.sms_gateway.gateway_file import Gateway, GatewayTemplate, ParameterName

NEVER_CUT: frozenset[ParameterName] = frozenset({"code", "deadline", "receipt"})
ELLIPSIS: Mapping[str, str] = {"zh": "…", "en": "..."}


@dataclass(frozen=True, slots=True)
class Filled:
    """A template's id and its parameters, in its order or by its names."""

    template_id: str
    parameters: list[str] | dict[str, str]


def fill(gateway: Gateway, message: Message) -> Filled:
    """Return the first template that says the message, filled.

    Raises:
        Refused: none does, or what must not be cut is too long for it.
    """
    found = next((one for one in gateway.templates if _says(one, message)), None)
    if found is None:
        what = f"{message.template}, {message.language}{', for a drill' if message.exercise else ''}"
        raise Refused(f"the gateway has no template for this message ({what}): add one to the file TOCSIN_SMS_GATEWAY")
    values = {name: _fitting(name, message, gateway.parameter_limit) for name in found.names}
    if isinstance(found.parameters, Mapping):
        return Filled(found.id, {theirs: values[ours] for theirs, ours in found.parameters.items()})
    return Filled(found.id, [values[name] for name in found.names])


def _says(template: GatewayTemplate, message: Message) -> bool:
    """Return whether a template can say a message: a drill as a drill, and what asks for an answer with how and when.

    A parameter that the message lacks would stay a hole in the text.
    """
    if message.template not in template.messages or template.language != message.language:
        return False
    if template.exercise is not message.exercise:
        return False
    asked_for = {"code", "deadline"} if message.asks_acknowledgement else set()
    needed = asked_for & set(message.parameters)
    return needed <= set(template.names) <= set(message.parameters)


def _fitting(name: ParameterName, message: Message, limit: int) -> str:
    text = " ".join(message.parameters[name].split())
    if len(text) <= limit:
        return text
    if name in NEVER_CUT:
        raise Refused(f"the {name} is longer than the gateway's {limit} characters, and it must not be cut")
    mark = ELLIPSIS[message.language]
    return text[: limit - len(mark)].rstrip() + mark
