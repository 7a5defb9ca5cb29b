"""What was learnt a short while ago: it ends, it makes room, and None is knowledge too."""

from __future__ import annotations

from connectors.recent import Recent


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_value_lives_for_its_time() -> None:
    clock = _Clock()
    known: Recent[str] = Recent(10, 5.0, clock)
    known.put("a", "1")
    known.put("b", "2", 60.0)
    clock.now = 5.0
    assert (known.get("a"), known.get("b")) == ("1", "2")
    clock.now = 5.1
    assert (known.get("a"), known.get("b")) == (None, "2")


def test_the_oldest_makes_room() -> None:
    known: Recent[int] = Recent(2, 60.0)
    for number, name in enumerate("abac"):
        known.put(name, number)
    assert [known.get(name) for name in "abc"] == [2, None, 3]


def test_what_is_known_is_not_asked_again_even_if_it_is_nothing() -> None:
    known: Recent[None] = Recent(2, 60.0)
    asked: list[int] = []
    for _ in range(3):
        known.asked("a", lambda: asked.append(1))
    assert asked == [1]
    known.forget("a")
    known.asked("a", lambda: asked.append(2))
    known.forget_all()
    known.asked("a", lambda: asked.append(3))
    assert asked == [1, 2, 3]
