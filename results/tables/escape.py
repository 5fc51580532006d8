"""Escape text from plug-ins, files or other machines for every place where it is shown.

A solver's name, its error or a note may hold anything: terminal sequences, markup, formulas.
All shown text passes through the function for its place.
"""

from __future__ import annotations

import html as html_module
import re
import unicodedata

#: Terminal sequences as a whole: CSI (ESC [ … letter), OSC and the like up to their end, ESC x.
_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]?"
)
_LINE_ENDS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
#: Characters that start a formula in a spreadsheet, including full-width forms.
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "_": r"\_",
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "$": r"\$",
    "^": r"\^{}",
    "~": r"\~{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\symbol{34}",  # \textquotedbl needs another encoding than LaTeX's default
    "–": "--",
    "−": "$-$",
    "×": r"$\times$",
    "Δ": r"$\Delta$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "†": r"$\dagger$",
    "\u00a0": "~",
    "≥": r"$\geq$",
    "…": r"\ldots{}",
}
_MARKDOWN = re.compile(r"([\\`*|~])")


def printable(text: str) -> str:
    """Return one line without terminal sequences, control or direction characters or surrogates.

    Line ends and tabs become spaces.
    """
    text = _LINE_ENDS.sub(" ", _SEQUENCES.sub("", text))
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(character) for character in text)


def markdown(text: str) -> str:
    """Return text for a Markdown table cell: no markup, no HTML, no link, no new cell."""
    escaped = _MARKDOWN.sub(r"\\\1", printable(text).replace("&", "&amp;").replace("<", "&lt;"))
    return escaped.replace("](", "]\\(").replace("][", "]\\[")


def html(text: str) -> str:
    """Return text for HTML, inside elements and inside quoted attributes."""
    return html_module.escape(printable(text), quote=True)


def latex(text: str) -> str:
    """Return text for LaTeX's text mode; a letter that pdfLaTeX does not know becomes `?`."""
    return "".join(_LATEX.get(character, _latex_letter(character)) for character in printable(text))


def _latex_letter(character: str) -> str:
    """Keep ASCII and the Western European letters that LaTeX's default encoding (OT1) has."""
    western = "À" <= character <= "ÿ" and character.isalpha() and character not in "ÐðÞþ"
    known = character.isascii() or western
    return character if known else "?"


def csv(text: str) -> str:
    """Return text that is no formula in a spreadsheet: `'` is put before what would start one."""
    text = printable(text)
    return f"'{text}" if text.lstrip(" \u00a0").startswith(_FORMULA) else text


def _visible(character: str) -> str:
    """Drop invisible and direction characters; replace lone surrogates, which cannot be encoded."""
    category = unicodedata.category(character)
    if category == "Cs":  # as undecodable file names have them
        return "\ufffd"
    return "" if category in ("Cc", "Cf") else character


def figure(text: str) -> str:
    """Return text for a figure: `$` starts no formula, and `_` at the start hides no label."""
    shown = printable(text).replace("$", r"\$")
    return f"\u2009{shown}" if shown.startswith("_") else shown
