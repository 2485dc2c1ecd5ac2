"""Parameters as people write them: for help, forms and files."""

from typing import Any

from .plain_yaml import plain_yaml_text
from .steps import Frozen


def parameter_texts(model: Frozen) -> dict[str, str]:
    """Return every parameter of a protocol, a cell or limits as it is read again; "" where it is not set."""
    # What was not validated, such as a parameter without a default, is written as it is.
    shown = model.model_dump(mode="json", warnings=False)
    return {name: written(value) for name, value in shown.items()}


def written(value: Any) -> str:
    """Write a parameter: quantities with units, lists with commas, stages with x and ;, steps as YAML."""
    if value is None or isinstance(value, dict):
        return ""
    if isinstance(value, list) and value and isinstance(value[0], dict) and "step" in value[0]:
        return plain_yaml_text(_without_unset(value))
    if isinstance(value, list):
        items = [
            " x ".join(map(str, each.values())) if isinstance(each, dict) else str(each) for each in value
        ]
        return ("; " if any(isinstance(each, dict) for each in value) else ", ").join(items)
    return str(value)


def _without_unset(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_unset(each) for each in value]
    if isinstance(value, dict):
        return {name: _without_unset(each) for name, each in value.items() if each is not None}
    return value
