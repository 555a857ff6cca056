from indexer.analysis.words import split_words
from searchsvc.query.slot import OPTIONAL_IMPORTANCE, Slot


def slot(text: str = "van") -> Slot:
    (word,) = split_words(text)
    made = Slot(word, text, found=True, read_as=text)
    made.allow((text,), 1.0)
    return made


def test_an_alternative_keeps_its_greatest_weight() -> None:
    it = slot()
    for weight in (0.4, 0.9, 0.5):
        assert it.allow(("bus",), weight)
    assert it.alternatives == {("van",): 1.0, ("bus",): 0.9}


def test_what_is_refused_is_dropped_and_stays_out() -> None:
    it = slot()
    it.allow(("bus",), 0.9)
    it.refuse(("bus",))
    assert not it.allow(("bus",), 1.0)
    assert it.alternatives == {("van",): 1.0}


def test_what_was_typed_cannot_be_refused() -> None:
    it = slot()
    it.refuse(("van",))
    assert it.allow(("van",), 1.0)
    assert it.alternatives == {("van",): 1.0}


def test_a_function_word_is_optional_beside_a_word_that_is_asked_for() -> None:
    it = slot()
    it.optional = True
    beside, alone = it.clause(asked=True), it.clause(asked=False)
    assert (beside.optional, beside.importance) == (True, OPTIONAL_IMPORTANCE)
    assert (alone.optional, alone.importance) == (False, 1.0)
    assert beside.alternatives == alone.alternatives
