"""Mappings with known keys: each key a field with its kind, the whole built into one value."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, cast

from emulator.scenario_file.grammar import nearest, quoted
from emulator.scenario_file.kinds import Kind, Schema
from emulator.scenario_file.tree import Entries, Findings, Node, Text

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Field(Generic[T_co]):
    """A key of a record: what its value is, and what an editor says of it."""

    def __init__(self, key: str, value: Kind[T_co], about: str, *, required: bool = False) -> None:
        self.key = key
        self.value = value
        self.about = about
        self.required = required


class Fields:
    """What was written under the keys of one record."""

    def __init__(self, node: Entries, values: dict[str, object], findings: Findings, *, strangers: bool) -> None:
        self.node = node
        self.strangers = strangers
        self.findings = findings
        self._values = values

    def get(self, field: Field[T]) -> T | None:
        """The value; None when it is absent or wrong."""
        return cast("T | None", self._values.get(field.key))

    @property
    def complete(self) -> bool:
        """Whether all that was written could be read."""
        return all(self._values.get(entry.key.value) is not None for entry in self.node.entries)

    def given(self, field: Field[T], default: T) -> T:
        """The value, or the default when it is absent or wrong."""
        value = self.get(field)
        return default if value is None else value

    def at(self, field: Field[object]) -> Node:
        """Where the value stands; the record itself when the key is absent."""
        return self.node.find(field.key) or self.node

    def error(self, field: Field[object], message: str, remedy: str = "") -> None:
        """Say what is wrong with a value."""
        self.findings.error(self.at(field), message, remedy)

    def __contains__(self, field: Field[object]) -> bool:
        return self.node.find(field.key) is not None


class Record(Kind[T_co]):
    """A mapping with known keys, built into a value."""

    def __init__(self, what: str, fields: Sequence[Field[object]], build: Callable[[Fields], T_co | None]) -> None:
        self.what = what
        self.fields = {field.key: field for field in fields}
        self._build = build

    def _read(self, node: Node, findings: Findings) -> T_co | None:
        if not isinstance(node, Entries):
            self._expected(node, findings, f"its keys are {', '.join(self.fields)}")
            return None
        values: dict[str, object] = {}
        meant = set()
        for entry in node.entries:
            field = self.fields.get(entry.key.value)
            if field is None:
                remedy = nearest(entry.key.value, self.fields, f"the keys here are {', '.join(self.fields)}")
                meant.add(remedy)
                findings.error(entry.key, f"unknown key {quoted(entry.key.value)} in {self.what}", remedy)
            elif isinstance(entry.value, Text) and entry.value.plain and entry.value.value == "null":
                findings.error(entry.value, f"null is no value for {field.key}", "leave the key out, or quote the text")
            else:
                values[field.key] = field.value.read(entry.value, findings)
        for field in self.fields.values():
            if field.required and node.find(field.key) is None and nearest(field.key, [field.key]) not in meant:
                findings.error(node, f"{self.what} needs the key {field.key!r}", f"add {field.key}: {field.value.what}")
        return self._build(Fields(node, values, findings, strangers=bool(meant)))

    def schema(self, definitions: Schema) -> Schema:
        properties = {
            field.key: field.value.schema(definitions) | {"description": field.about} for field in self.fields.values()
        }
        found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
        required = [field.key for field in self.fields.values() if field.required]
        return found | {"required": required} if required else found
