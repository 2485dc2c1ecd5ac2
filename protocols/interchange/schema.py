"""The JSON Schema of our own protocol files, for editors."""

from collections.abc import Mapping
from typing import Any

from pydantic import BeforeValidator

from ..base import Protocol, protocol_types

_DRAFT = "http://json-schema.org/draft-07/schema#"
"""What the YAML language server understands best."""


def protocol_schema(types: Mapping[str, type[Protocol]] | None = None) -> dict[str, Any]:
    """Return the JSON Schema of protocol files, sequences of protocols included.

    Parameters
    ----------
    types : mapping of str to type, optional
        Protocols by name; by default all that are known, those of installed packages included.
    """
    types = protocol_types() if types is None else types
    shared: dict[str, Any] = {}
    described = {name: _of_protocol(name, kind, shared) for name, kind in types.items()}
    return {
        "$schema": _DRAFT,
        "title": "A faradaic protocol",
        "type": "object",
        "required": ["protocol"],
        "properties": {"protocol": {"enum": list(types), "description": "Which protocol."}},
        "allOf": [
            {
                "if": {"properties": {"protocol": {"const": name}}, "required": ["protocol"]},
                "then": {"$ref": f"#/$defs/{name}"},
            }
            for name in types
        ],
        "$defs": {**described, **{name: _readable(each) for name, each in sorted(shared.items())}},
    }


def _of_protocol(name: str, kind: type[Protocol], shared: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of one protocol; the models that it uses are put into `shared`."""
    found = kind.model_json_schema()
    shared |= found.pop("$defs", {})
    properties: dict[str, Any] = found["properties"]
    # A protocol without what it needs has its other defaults all the same.
    defaults = kind.model_construct().model_dump(mode="json", warnings=False, exclude_none=True)
    for field, about in kind.model_fields.items():
        properties[field].pop("default", None)
        if field in defaults and field != "limits" and not about.is_required():
            properties[field]["default"] = defaults[field]
        if any(isinstance(each, BeforeValidator) for each in about.metadata):
            properties[field] = _also_as_text(properties[field])
    return {
        "title": name,
        "description": kind.purpose(),
        "type": "object",
        "required": ["protocol", *found.get("required", [])],
        "properties": {
            "protocol": {"const": name},
            **{field: _readable(each) for field, each in properties.items()},
        },
        "additionalProperties": False,
    }


def _also_as_text(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a list that may be written as one text."""
    about = {name: schema.pop(name) for name in ("title", "description", "default") if name in schema}
    # Behind a validator of its own, pydantic takes the bounds of a list for those of a text.
    for items, length in (("minItems", "minLength"), ("maxItems", "maxLength")):
        if length in schema:
            schema[items] = schema.pop(length)
    return {**about, "anyOf": [schema, {"type": "string"}]}


def _readable(node: Any) -> Any:
    """Return a schema for a person in an editor: bounds in the descriptions, protocols in protocols."""
    if isinstance(node, list):
        return [_readable(each) for each in node]
    if not isinstance(node, dict):
        return node
    if node.get("$comment") == "protocol":
        about = {name: node[name] for name in ("title", "description") if name in node}
        return {**about, "allOf": [{"$ref": "#"}]}
    found = {name: _readable(each) for name, each in node.items() if name not in ("allowed", "discriminator")}
    if "allowed" in node:
        said = f"{node['description']} " if "description" in node else ""
        found["description"] = f"{said}Allowed: {node['allowed']}."
    return found
