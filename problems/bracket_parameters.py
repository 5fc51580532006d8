"""Names with parameters as text: `hetero[devices=30]`, parsed and never evaluated."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable
from dataclasses import dataclass, field, is_dataclass
from difflib import get_close_matches
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from splitbench.problems.errors import InputError, did_you_mean

# A value may have brackets of its own: `hetero[curve=table[idle=allowed]]`.
_BRACKETS = r"\s*(?:\[(?P<parameters>(?:[^\[\]]|\[[^\[\],]*\])*)\])?"
_NAME = re.compile(r"(?P<name>[^\[\]+]+?)" + _BRACKETS)
# A directory's name may contain characters that have a meaning in solver names.
_CLASS_IN_FILE = re.compile(r"(?P<path>.+\.py)(?::(?P<name>\w+))?" + _BRACKETS)


@dataclass(frozen=True)
class Spec:
    """A name (of a solver `name` or `path:Class`) and its parameters as text.

    `name` is empty where a file is named without a class.
    """

    name: str
    parameters: dict[str, str] = field(default_factory=dict)
    path: str = ""

    def __str__(self) -> str:
        head = ":".join(filter(None, [self.path, self.name]))
        inside = ",".join(f"{key}={value}" for key, value in sorted(self.parameters.items()))
        return f"{head}[{inside}]" if inside else head


def parse_spec(text: str, whole: str = "", expected: str = "name or name[key=value,…]") -> Spec:
    """Parse `name[key=value,…]`; messages quote `whole` where `text` is a part of it.

    Raises
    ------
    InputError
        Brackets or parameters that do not parse.
    """
    in_file = _CLASS_IN_FILE.fullmatch(text.strip())
    match = in_file or _NAME.fullmatch(text.strip())
    if match is None:
        raise InputError(f"{whole or text!r} cannot be read; expected {expected}")
    parameters = parse_parameters(match["parameters"], whole or text)
    return Spec((match["name"] or "").strip(), parameters, match["path"] if in_file else "")


def parse_parameters(text: str | None, whole: str) -> dict[str, str]:
    """Parse `key=value,key=value`; values are kept as text until they are bound to types."""
    parameters: dict[str, str] = {}
    for part in (text or "").split(","):
        if not part.strip() and not (text or "").strip():
            continue
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not key or not value:
            raise InputError(f"{whole}: got {part.strip()!r} in brackets; expected key=value")
        if key in parameters:
            raise InputError(f"{whole}: the parameter {key!r} appears twice; expected it once")
        parameters[key] = value
    return parameters


def bind(target: Callable[..., Any], spec: Spec) -> dict[str, Any]:
    """Convert a spec's parameters to the types of `target`'s keyword arguments.

    Raises
    ------
    InputError
        A parameter the target does not have or that it needs, or a value not of its type.
    """
    accepted = parameters_of(target)
    values: dict[str, Any] = {}
    for key, text in spec.parameters.items():
        if key not in accepted:
            hint = did_you_mean(key, accepted) if accepted else "; it takes no parameters"
            raise InputError(f"{spec.name}: unknown parameter {key!r}{hint}")
        values[key] = convert(text, accepted[key], f"{spec.name}[{key}]")
    needed = [name for name in required_parameters(target) if name not in values]
    if needed:
        raise InputError(f"{spec.name}: expected {spec.name}[{'=…,'.join(needed)}=…]")
    return values


def parameters_of(target: Callable[..., Any]) -> dict[str, Any]:
    """Name and type of each keyword argument of a class or function."""
    function = target.__init__ if inspect.isclass(target) else target
    if function is object.__init__:
        return {}
    try:
        # A dataclass may have fields from another module, whose names only the class resolves.
        hints = get_type_hints(target if is_dataclass(target) else function)
    except NameError:  # annotations that only a type checker can resolve
        hints = {}
    return {
        name: hints.get(name, _type_of_default(parameter.default))
        for name, parameter in inspect.signature(target).parameters.items()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }


def required_parameters(target: Callable[..., Any]) -> list[str]:
    """Names of the arguments without which `target` cannot be called."""
    if not parameters_of(target):
        return []
    return [
        name
        for name, parameter in inspect.signature(target).parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    ]


def _type_of_default(default: Any) -> Any:
    """Infer the type of an argument without an annotation from its default."""
    return type(default) if isinstance(default, bool | int | float) else str


def convert(text: str, wanted: Any, place: str) -> Any:
    """Convert text to int, float, bool, str, a Literal's value, or None in an optional."""
    origin = get_origin(wanted)
    if origin is Literal:
        choices = {str(choice): choice for choice in get_args(wanted)}
        if text in choices:
            return choices[text]
        close = get_close_matches(text, choices, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise InputError(f"{place}: got {text!r}; expected {' or '.join(choices)}{hint}")
    if origin in (Union, types.UnionType):
        kinds = [kind for kind in get_args(wanted) if kind is not type(None)]
        if len(kinds) < len(get_args(wanted)) and text.lower() == "none":
            return None
        return _convert_to_any(text, kinds, place)
    if wanted is bool:
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        raise InputError(f"{place}: got {text!r}; expected true or false")
    if wanted in (int, float):
        try:
            number = wanted(text)
        except ValueError:
            kind = "a whole number" if wanted is int else "a number"
            raise InputError(f"{place}: got {text!r}; expected {kind}") from None
        if number != number or number in (float("inf"), float("-inf")):
            raise InputError(f"{place}: got {text!r}; expected a finite number")
        return number
    return text


def _convert_to_any(text: str, kinds: list[Any], place: str) -> Any:
    """Convert to the first of several types that accepts the text."""
    for kind in kinds[:-1]:
        try:
            return convert(text, kind, place)
        except InputError:
            continue
    return convert(text, kinds[-1], place)
