"""A fault of a template, and where in it an error came from."""

from dataclasses import dataclass
from pathlib import PurePath

from jinja2 import TemplateError


@dataclass(frozen=True, slots=True, order=True)
class TemplateFault:
    """What is wrong, where: file, line (from 1)."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


def fault_of(error: Exception, file: str, line: int) -> TemplateFault:
    """Return an error of a filled template where it arose: the innermost template line, else ``line`` of ``file``."""
    trace = error.__traceback__
    while trace is not None:
        about = trace.tb_frame.f_globals
        if "__jinja_template__" in about:  # as Jinja compiled it
            template = about["__jinja_template__"]
            file, line = PurePath(template.filename or file).name, template.get_corresponding_lineno(trace.tb_lineno)
        elif "__jinja_exception__" in about:  # as Jinja rewrote the trace for a reader
            file, line = PurePath(about["__file__"]).name, trace.tb_lineno
        trace = trace.tb_next
    what = str(error) if isinstance(error, TemplateError) else f"{type(error).__name__}: {error}"
    return TemplateFault(file, line, what)
