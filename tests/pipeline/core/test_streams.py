"""Named random streams: the same name draws the same numbers in every process, and no two names share them."""

from pipeline.core.streams import stream, stream_seed


def test_the_same_name_draws_the_same_numbers_whatever_was_drawn_in_between():
    first = stream(7, "scene_gen", "stack", 3).random(4)
    stream(7, "scene_gen", "stack", 4).random(100)
    assert (stream(7, "scene_gen", "stack", 3).random(4) == first).all()


def test_another_seed_name_or_order_is_another_stream():
    seeds = [
        stream_seed(7, "a", "b"), stream_seed(8, "a", "b"), stream_seed(7, "a"), stream_seed(7, "b", "a"),
        stream_seed(7, "ab"), stream_seed(7), stream_seed(7, "a", "b", 0),
    ]  # fmt: skip
    assert len(set(seeds)) == len(seeds)


def test_the_number_3_and_the_word_3_are_different_names():
    assert stream_seed(0, 3) != stream_seed(0, "3")


def test_the_seed_of_a_stream_is_fixed_for_ever():
    # Datasets record seeds: were this number to change, no old scene could be built again.
    assert stream_seed(0, "scene_gen", "stack", 3) == 8149101960544280479
