"""Hooks of MkDocs: what the documentation needs while it is built.

The parameters of protocols are listed with their defaults as people write them, in the place of
comments such as ``<!-- parameters of LinearSweep -->``.

Formulas are drawn as SVG, so that pages need no script and no network: arithmatex has put what
stands between dollar signs into elements of the class "arithmatex".
"""

import html
import re
import sys
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any

with warnings.catch_warnings():
    # Of how it finds its own fonts.
    warnings.simplefilter("ignore", DeprecationWarning)
    import ziamath

_PARAMETERS = re.compile(r"<!-- parameters of (\w+) -->")
_FORMULA = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)
_SIZE_PX = 17.0


def on_startup(**_: Any) -> None:
    """Let the package be found: the folder of scripts has one of its name, and comes first."""
    scripts = Path(sys.executable).parent
    sys.path[:] = [path for path in sys.path if Path(path) != scripts]


def on_page_markdown(markdown: str, **_: Any) -> str:
    """List the parameters of protocols where that is asked for."""
    return _PARAMETERS.sub(lambda found: _parameter_table(found[1]), markdown)


def _parameter_table(name: str) -> str:
    from faradaic import protocols
    from faradaic.cli.arguments import default_text
    from faradaic.protocols.field_docs import field_docs

    kind = getattr(protocols, name)
    meanings = field_docs(kind)
    lines = ["| parameter | default | |", "| --- | --- | --- |"]
    for field, info in kind.model_fields.items():
        if field == "limits":
            continue
        default = "needed" if info.is_required() else default_text(kind, field).removeprefix("default ")
        meaning = " ".join(meanings.get(field, "").split()).replace("|", "\\|")
        lines.append(f"| `{field}` | {default} | {meaning} |")
    return "\n".join(lines)


def on_page_content(content: str, **_: Any) -> str:
    """Replace the formulas of a page by drawings, which have their TeX as a description."""
    return _FORMULA.sub(lambda found: _element(found[1], html.unescape(found[2]).strip()), content)


@lru_cache(maxsize=1024)
def _element(kind: str, tex: str) -> str:
    drawn = ziamath.Latex(tex, size=_SIZE_PX, color="currentColor", inline=kind == "span")
    drawing = drawn.svg().replace("<svg ", f'<svg style="vertical-align: {drawn.getyofst():.2f}px" ', 1)
    described = html.escape(tex, quote=True)
    return f'<{kind} class="formula" role="img" aria-label="{described}">{drawing}</{kind}>'
