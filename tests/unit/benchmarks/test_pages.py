"""Parts of pages that commands write: the right part, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.pages import markers, replace_part

MAKE = "make bench-load"
text = st.text(st.characters(exclude_characters="<>", exclude_categories=["Cs"]))


@given(text, text, text, text)
def test_the_part_is_replaced_and_the_rest_stays(before, after, first, second):
    begin, end = markers("load", MAKE)
    page = replace_part(f"{before}{begin}old{end}{after}", "load", MAKE, first)
    assert page.startswith(before + begin)
    assert page.endswith(end + after)
    assert "old" not in page[len(before) : len(page) - len(after)].replace(first, "")
    again = replace_part(page, "load", MAKE, second)
    assert (
        again
        == replace_part(again, "load", MAKE, second)
        == replace_part(f"{before}{begin}{end}{after}", "load", MAKE, second)
    )


def test_a_page_without_the_part_gets_it_at_its_end():
    page = replace_part("# Title\n\ntext\n", "load", MAKE, "new")
    assert page == "# Title\n\ntext\n\n{}\n\nnew\n\n{}\n".format(*markers("load", MAKE))
    assert replace_part(page, "load", MAKE, "new") == page


def test_parts_of_other_names_stay():
    page = replace_part(replace_part("", "load", MAKE, "one"), "load-deployed", MAKE, "two")
    assert replace_part(page, "load", MAKE, "three") == page.replace("one", "three")


@pytest.mark.parametrize("order", [[0], [1], [1, 0], [0, 1, 0, 1]])
def test_comments_that_do_not_match_are_not_guessed_at(order):
    page = " ".join(markers("load", MAKE)[which] for which in order)
    with pytest.raises(ValueError, match="once"):
        replace_part(page, "load", MAKE, "new")
