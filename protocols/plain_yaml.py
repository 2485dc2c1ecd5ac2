"""YAML that holds plain data only."""

from typing import Any

import yaml


class _PlainLoader(yaml.SafeLoader):
    """Reads plain data only; aliases are refused, because a small file could stand for a huge one."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not allowed here")
        return super().compose_node(parent, index)


def parse_plain_yaml(text: str) -> Any:
    """Return what a YAML text says.

    Raises
    ------
    ValueError
        It is not YAML, or more than plain data; the message says why.
    """
    try:
        return yaml.load(text, _PlainLoader)  # noqa: S506  it is a SafeLoader
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(" ".join(str(error).split()) or type(error).__name__) from None


def plain_yaml_text(value: Any) -> str:
    """Write plain data as YAML, the innermost groups on one line each."""
    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=200, default_flow_style=None)
    return text.strip()
