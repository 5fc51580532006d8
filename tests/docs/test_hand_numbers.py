"""Numbers that pages state by hand: none is left behind by the results."""

from pathlib import Path

from tools.hand_numbers import hand_numbers, known_numbers
from tools.result_pages import left_behind


def test_no_number_by_hand_is_without_a_result() -> None:
    """Each number in hand-written text on results is written in some reference result."""
    assert not {page.name: numbers for page, numbers in left_behind().items() if numbers}


def test_code_links_and_generated_parts_are_left_out() -> None:
    """Numbers with decimals or a unit count, but none of code, links and generated parts."""
    text = """Up to 13.7 % and 42 ms at 3 devices, {size} % of `a=0.25`, [here](x/1.5.md).
<!-- begin part -->
99.9 %
<!-- end -->
```
splitbench 7.25
```
From 0.5 to 13.7.
"""
    assert hand_numbers(text) == ["13.7", "42", "0.5"]


def test_known_numbers_are_those_written(tmp_path: Path) -> None:
    """A number is known as it is written, not rounded."""
    (tmp_path / "a.json").write_text('{"loss": 13.71, "at": [5, -0.25]}')
    assert known_numbers([tmp_path / "a.json"]) == {"13.71", "5", "0.25"}
