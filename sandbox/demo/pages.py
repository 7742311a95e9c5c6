"""Reads an HTML page as far as a visitor needs it: its elements, its words, its forms.

Promises that a form can only be filled in as a person could: a field that isn't there, an option
that isn't offered or a button that is off is a `PageError`, not a request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

# Elements without an end tag (the HTML standard, "Void elements").
VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
)
UNSENT_INPUTS = frozenset({"submit", "button", "image", "reset", "file"})
Value = str | bool | Sequence[str]


class PageError(Exception):
    """A page was not as expected; the text is one sentence."""


@dataclass(eq=False)
class Element:
    """One element; `parts` are its elements and pieces of text, in order."""

    tag: str
    attributes: dict[str, str]
    parts: list[Element | str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Element]:
        """Every element inside, in the order of the page."""
        for part in self.parts:
            if isinstance(part, Element):
                yield part
                yield from part

    @property
    def text(self) -> str:
        """The words inside, with single spaces."""
        return " ".join(" ".join(self._words()).split())

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()

    def says(self, name: str) -> str:
        """An attribute's value. Raises PageError when it is missing."""
        if name not in self.attributes:
            raise PageError(f"A {self.tag} of the page has no {name}.")
        return self.attributes[name]

    def all(self, tag: str = "", **having: str) -> list[Element]:
        """Elements with this tag and these attributes; `data_job_state` means `data-job-state`,
        and an empty value means "whatever it is"."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in having.items()}
        return [
            element
            for element in self
            if tag in ("", element.tag)
            and all(
                name in element.attributes and value in ("", element.attributes[name])
                for name, value in wanted.items()
            )
        ]

    def one(self, tag: str = "", **having: str) -> Element:
        """The first of `all`. Raises PageError when there is none."""
        for element in self.all(tag, **having):
            return element
        said = " ".join(
            [tag or "element", *(f"{name}={value!r}" for name, value in having.items())]
        )
        raise PageError(f"The page has no {said}.")

    def link(self, words: str) -> str:
        """Where the link with these words leads. Raises PageError when there is none."""
        for element in self.all("a", href=""):
            if element.text == words:
                return element.attributes["href"]
        raise PageError(f"The page has no link “{words}”.")

    def _words(self) -> Iterator[str]:
        for part in self.parts:
            if isinstance(part, str):
                yield part
            elif part.tag not in ("script", "style"):
                yield from part._words()


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].parts.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].parts.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        for depth in range(len(self._open) - 1, 0, -1):
            if self._open[depth].tag == tag:
                del self._open[depth:]
                return

    def handle_data(self, data: str) -> None:
        self._open[-1].parts.append(data)


def parse(html: str) -> Element:
    """The page as a tree. Never fails: what is wrong in the HTML is passed over."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    return builder.root


@dataclass(frozen=True)
class Form:
    """One form of a page, and the button that is pressed: the first, unless another is named."""

    element: Element
    button: Element | None = None

    @property
    def action(self) -> str:
        """Relative to the page; empty means the page itself."""
        action = self.element.attributes.get("action", "")
        return self.button.attributes.get("formaction", action) if self.button else action

    @property
    def file_field(self) -> str:
        """The name of its file picker. Raises PageError when it has none."""
        return self.element.one("input", type="file").attributes["name"]

    @property
    def can_be_sent(self) -> bool:
        """It has a button, and the one pressed is not switched off."""
        return any("disabled" not in button.attributes for button in self._pressed())

    def value(self, name: str) -> str:
        """What a field holds now. Raises PageError when it is not there."""
        values = [value for key, value in self._held() if key == name]
        if not values:
            raise PageError(f"The form has no field “{name}” that is filled in.")
        return values[0]

    def filled(self, changes: Mapping[str, Value]) -> dict[str, list[str]]:
        """What would be sent: what the form holds, changed as a person could.

        A string fills a field in or chooses an option, True and False tick and untick, a list ticks
        several boxes of one name. Raises PageError.
        """
        if not self.can_be_sent:
            raise PageError("The form can't be sent now: its button is off.")
        sent: dict[str, list[str]] = {}
        for name, held in self._held():
            sent.setdefault(name, []).append(held)
        for name, value in changes.items():
            controls = [one for one in self._controls() if one.attributes.get("name") == name]
            if not controls:
                raise PageError(f"The form has no field “{name}”.")
            sent[name] = _entered(controls, name, value)
        for button in self._pressed():
            if "name" in button.attributes:
                sent[button.attributes["name"]] = [button.attributes.get("value", "")]
        return sent

    @classmethod
    def all_in(cls, page: Element) -> list[Form]:
        """One for each button of each form, in the order of the page."""
        return [
            cls(element, button) for element in page.all("form") for button in cls(element).buttons
        ]

    @property
    def buttons(self) -> list[Element]:
        """Those that send it."""
        return [
            one
            for one in self.element
            if (one.tag == "button" and one.attributes.get("type", "submit") == "submit")
            or (one.tag == "input" and one.attributes.get("type") == "submit")
        ]

    def _pressed(self) -> list[Element]:
        return [self.button] if self.button else self.buttons[:1]

    def _controls(self) -> list[Element]:
        return [
            one
            for one in self.element
            if one.tag in ("input", "select", "textarea")
            and one.attributes.get("name")
            and "disabled" not in one.attributes
            and one.attributes.get("type") not in UNSENT_INPUTS
        ]

    def _held(self) -> Iterator[tuple[str, str]]:
        for control in self._controls():
            name = control.attributes["name"]
            if control.tag == "textarea":
                words = "".join(part for part in control.parts if isinstance(part, str))
                yield name, words.removeprefix("\n")  # a newline after the tag is not content
            elif control.tag == "select":
                options = control.all("option")
                chosen = [one for one in options if "selected" in one.attributes] or options[:1]
                yield from ((name, _option_value(one)) for one in chosen)
            elif control.attributes.get("type") in ("checkbox", "radio"):
                if "checked" in control.attributes:
                    yield name, control.attributes.get("value", "on")
            else:
                yield name, control.attributes.get("value", "")


def _option_value(option: Element) -> str:
    return option.attributes.get("value", option.text)


def _entered(controls: list[Element], name: str, value: Value) -> list[str]:
    """The values that the controls of one name send when a person enters `value`."""
    first = controls[0]
    words = [] if isinstance(value, bool) else [value] if isinstance(value, str) else list(value)
    if first.attributes.get("type") in ("checkbox", "radio"):
        offered = [one.attributes.get("value", "on") for one in controls]
        if value is True:
            return offered[:1]
    elif first.tag == "select":
        # By the value of the option or, as people do, by its words.
        values = {one.text: _option_value(one) for one in first.all("option")}
        offered = list(values.values())
        words = [values.get(word, word) for word in words]
    else:
        return words
    for word in words:
        if word not in offered:
            raise PageError(f"“{name}” does not offer {word!r}.")
    return words
