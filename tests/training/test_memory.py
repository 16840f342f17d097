"""Memory that is kept within a block, on CPUs."""

from __future__ import annotations

import platform
from collections.abc import Callable

import pytest
import torch

from raysal.training import memory

CPU = torch.device("cpu")


def test_it_is_given_back_even_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, tuple[int, ...]]] = []

    def function(name: str) -> Callable[..., None]:
        return lambda *given: calls.append((name, given))

    def fail() -> None:
        with memory.kept_on(CPU):
            assert calls == [("mallopt", (memory.MMAP_MAX, 0)), ("mallopt", (-1, memory.NEVER))]
            calls.clear()
            raise MemoryError

    monkeypatch.setattr(memory, "_function", function)
    with pytest.raises(MemoryError):
        fail()
    assert calls[:-1] == [("mallopt", pair) for pair in memory.AFTERWARDS.items()]
    assert calls[-1] == ("malloc_trim", (0,))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc")
def test_glibc_takes_the_options() -> None:
    option = memory._function("mallopt")
    assert option is not None
    with memory.kept_on(CPU):
        assert torch.ones(1 << 24).sum() == 1 << 24
    assert all(option(name, value) == 1 for name, value in memory.AFTERWARDS.items())


def test_without_such_a_library_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_function", lambda name: None)
    with memory.kept_on(torch.device("cpu")):
        assert torch.ones(3).sum() == 3


def test_only_on_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(name: str) -> None:
        raise AssertionError(name)

    monkeypatch.setattr(memory, "_function", asked)
    with memory.kept_on(torch.device("meta")):
        pass
