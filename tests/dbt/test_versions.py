"""Where the versions of dbt-core differ, pipegen answers as the one that is installed."""

from __future__ import annotations

import pytest
from dbt_common.exceptions import DbtBaseException

from pipegen.dbt.selection import Selection, SelectionError, select
from tests.dbt.cases import DIFFERENCES, KINDS, REFUSED, VERSIONS, Answer, Refusal
from tests.dbt.conftest import VERSION, Shop


def test_the_cases_know_the_installed_version() -> None:
    assert VERSION in VERSIONS
    assert {tuple(told) for told in (*DIFFERENCES.values(), *REFUSED.values(), KINDS)} == {VERSIONS}


@pytest.mark.parametrize(
    ("token", "answer"), [(token, told[VERSION]) for token, told in DIFFERENCES.items()]
)
def test_a_selection_means_what_it_means_to_this_version(
    shop: Shop, token: str, answer: Answer
) -> None:
    asked = Selection((token,), indirect_selection="empty")
    if not isinstance(answer, Refusal):
        assert shop.ls(asked) == answer
        assert select(shop.manifest, shop.dir, [asked]) == (answer,)
        return
    with pytest.raises(DbtBaseException, match=answer.reason):
        shop.ls(asked)
    with pytest.raises(SelectionError, match=answer.reason):
        select(shop.manifest, shop.dir, [asked])


@pytest.mark.parametrize(
    ("token", "reason"), [(token, told[VERSION]) for token, told in REFUSED.items()]
)
def test_what_a_selector_holds_is_refused_through_its_name(
    shop: Shop, token: str, reason: str
) -> None:
    with pytest.raises(SelectionError) as caught:
        select(shop.manifest, shop.dir, [Selection((token,))])
    assert str(caught.value).startswith(reason)


def test_every_difference_is_one() -> None:
    assert not [token for token, told in DIFFERENCES.items() if len(set(told.values())) == 1]
