"""What a person sees of a page, and what a test asks of every one of them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

LARGEST = 10_000
"""Bytes: a page must open on a weak line."""

VOID = {"meta", "br"}


@dataclass
class Element:
    name: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class Seen(HTMLParser):
    """A page, read: each element with its attributes and the text in it."""

    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().name == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data

    def all(self, name: str) -> list[Element]:
        return [element for element in self.elements if element.name == name]

    def one(self, name: str) -> Element:
        [found] = self.all(name)
        return found

    @property
    def text(self) -> str:
        return " ".join(self.one("main").text.split())

    @property
    def buttons(self) -> list[str]:
        return [button.attributes["value"] for button in self.all("button")]


def page(answer: httpx.Response, status: int = 200) -> Seen:
    """Assert what holds for every page, and return it read."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert len(answer.content) < LARGEST
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in answer.headers["x-robots-tag"]
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    seen = Seen()
    seen.feed(answer.text)
    assert seen.open == [], "every element is closed"
    names = {element.name for element in seen.elements}
    assert names.isdisjoint({"script", "img", "link", "iframe", "object"}), "nothing is loaded, nothing is run"
    assert not any(name.startswith("on") for element in seen.elements for name in element.attributes)
    assert seen.one("html").attributes["lang"] in {"zh", "en"}
    assert seen.one("h1").text.strip()
    assert seen.one("title").text == "警钟 Tocsin", "a preview shows nothing of the case"
    assert {"name": "robots", "content": "noindex, nofollow"} in [meta.attributes for meta in seen.all("meta")]
    assert any(meta.attributes.get("name") == "viewport" for meta in seen.all("meta"))
    ids = {element.attributes["id"] for element in seen.elements if "id" in element.attributes}
    for button in seen.all("button"):
        assert button.text.strip(), "a button says what it does"
        assert button.attributes["aria-describedby"] in ids
    return seen
