"""Messages of the BTS server: XML between a declaration and a terminator.

Source: the published client aurora-neware and the replies that it recorded from a BTS 8.0.
"""

from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import quoteattr

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

TERMINATOR = b"\n\n#\r\n"
_SPELT = {"download": "donwload_resp", "downloadlog": "donwloadlog_resp"}
"""As the real server spells them."""


def parse(message: bytes) -> tuple[str, Element]:
    """Return the command of a request, and its root; raise `ValueError` where it is none."""
    try:
        root = fromstring(message.decode("utf-8"))
    except (ParseError, DefusedXmlException, UnicodeDecodeError) as error:
        raise ValueError(f"not a request: {error}") from None
    return (root.findtext("cmd") or "").strip(), root


def reply(command: str, *lines: str) -> bytes:
    """Return the answer to a command."""
    body = "\r\n".join((f"<cmd>{_SPELT.get(command, command + '_resp')}</cmd>", *lines))
    text = f'<?xml version="1.0" encoding="UTF-8" ?>\r\n<bts version="1.0">\r\n{body}\r\n</bts>'
    return text.encode() + TERMINATOR


def element(name: str, attributes: dict[str, object], text: str | None = None) -> str:
    """Return an element on one line."""
    inner = "".join(f" {key}={quoteattr(str(value))}" for key, value in attributes.items())
    return f"<{name}{inner} />" if text is None else f"<{name}{inner}>{text}</{name}>"


def listed(lines: list[str]) -> tuple[str, ...]:
    """Return lines as the list of an answer."""
    return (f'<list count = "{len(lines)}">', *lines, "</list>") if lines else ('<list count="0" />',)
