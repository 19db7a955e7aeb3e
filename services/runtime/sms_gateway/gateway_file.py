"""The file that describes a template gateway: where it is, as whom we sign, its templates and its own codes.

Written by whoever has the gateway's account, since templates are approved there one by one (docs/sms-gateway.md).
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, ValidationError, field_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from events.base import Frozen
from events.notification import Template
from services.runtime.sms_gateway.codes import CodeRule, Codes, common_codes

ParameterName = Literal["school", "kind", "severity", "place", "started", "deadline", "code", "receipt"]
"""What a template may be filled with (``services.notifier.rendering``)."""

_URL = r"^https?://[^/?#\s]+(/[^?#\s]*)?$"
_MOST_FAULTS = 20


class GatewayTemplate(Frozen):
    """A template as it was approved, and which messages it says.

    ``parameters`` is a list where the gateway fills by order, and `their name: our name` where it fills by name.
    """

    id: Annotated[str, Field(min_length=1, max_length=100)]
    language: Literal["zh", "en"] = "zh"
    messages: tuple[Template, ...] = Field(default=get_args(Template), alias="for", min_length=1)
    exercise: bool = Field(default=False, description="Its own words say that it is a drill.")
    parameters: tuple[ParameterName, ...] | Mapping[str, ParameterName]

    @property
    def names(self) -> tuple[ParameterName, ...]:
        """Return what it is filled with, by our names, in its order."""
        return tuple(self.parameters.values()) if isinstance(self.parameters, Mapping) else self.parameters


class Gateway(Frozen):
    """One gateway. The first template that can say a message is taken."""

    send_url: Annotated[str, Field(pattern=_URL)]
    query_url: Annotated[str, Field(pattern=_URL)] | None = None
    sign_name: Annotated[str, Field(min_length=1, max_length=40)]
    serves: Annotated[str, Field(pattern=r"^\+[1-9]\d{0,3}$")] = "+86"
    parameter_limit: Annotated[int, Field(ge=10, le=200)] = 35
    templates: tuple[GatewayTemplate, ...] = Field(min_length=1)
    own_codes: dict[str, CodeRule] = Field(default_factory=dict, alias="codes")

    @field_validator("own_codes", mode="before")
    @classmethod
    def _codes_are_texts(cls, value: object) -> object:
        """Take the numbers that other gateways use for codes as what they are on the wire."""
        return {str(code): rule for code, rule in value.items()} if isinstance(value, dict) else value

    @property
    def codes(self) -> Codes:
        """Return what the codes mean: those that gateways share, its own before them."""
        return {**common_codes(), **self.own_codes}

    def local(self, address: str) -> str | None:
        """Return a number (E.164) as the gateway takes it, without the country's code; None: it does not serve it."""
        return address.removeprefix(self.serves) if address.startswith(self.serves) else None

    def international(self, number: str) -> str:
        """Return a number of the gateway's as E.164, however it writes the country's code."""
        digits = number.removeprefix("00") if number.startswith("00") else number.removeprefix("+")
        code = self.serves.removeprefix("+")
        is_whole = number.startswith(("00", "+")) and digits.startswith(code)
        return f"+{digits}" if is_whole else self.serves + digits


@lru_cache(maxsize=4)
def load_gateway(path: Path) -> Gateway:
    """Read the file, once a process.

    Raises:
        ValueError: with what to mend, and where, on one line for each mistake.
    """
    try:
        found = YAML(typ="safe").load(path)
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from error
    except YAMLError as error:
        raise ValueError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    try:
        return Gateway.model_validate(found)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)[:_MOST_FAULTS]
        told = "; ".join(f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in faults)
        raise ValueError(f"{path}: {told}") from error
