"""What the docstrings below the fields of a description say.

They are read when somebody asks for them. Pydantic's ``use_attribute_docstrings`` reads them whenever a
class is made, which is half of the time that the protocols take to be imported.
"""

import ast
import inspect
from functools import cache
from itertools import pairwise
from textwrap import dedent

from pydantic import BaseModel


def field_docs(model: type[BaseModel]) -> dict[str, str]:
    """Return what is said of each field of a model, its own and the inherited ones, by name.

    A description that was given to `pydantic.Field` comes first; nothing is said of a field with neither.
    """
    written: dict[str, str] = {}
    for kind in reversed(model.__mro__[: model.__mro__.index(BaseModel)]):
        written |= _below_fields(kind)
    said = {name: about.description or written.get(name) for name, about in model.model_fields.items()}
    return {name: sentence for name, sentence in said.items() if sentence}


@cache
def _below_fields(kind: type) -> dict[str, str]:
    try:
        (tree,) = ast.parse(dedent(inspect.getsource(kind))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        # Made without a source file.
        return {}
    found: dict[str, str] = {}
    for field, below in pairwise(getattr(tree, "body", [])):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(sentence))),
            ):
                found[name] = inspect.cleandoc(sentence)
    return found
