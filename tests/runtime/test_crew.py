import asyncio
import time

import pytest

from spacectl.runtime.crew import Crew

pytestmark = pytest.mark.anyio


async def for_ever() -> None:
    await asyncio.Event().wait()


async def test_it_ends_with_its_main_task_and_cancels_the_others() -> None:
    crew = Crew()
    other = crew.create_task(for_ever())
    await crew.run(asyncio.sleep(0))
    assert other.cancelled()


async def test_others_may_end_before() -> None:
    crew = Crew()
    done: list[int] = []

    async def note(number: int) -> None:
        done.append(number)

    async def main() -> None:
        for number in range(3):
            await crew.create_task(note(number))

    await crew.run(main())
    assert done == [0, 1, 2]
    assert not crew._tasks


@pytest.mark.parametrize("where", ["main", "before", "beside"])
async def test_the_first_failure_fails_the_whole(where: str) -> None:
    crew = Crew()

    async def fail() -> None:
        raise KeyError(where)

    waiting = crew.create_task(for_ever())
    if where == "before":
        crew.create_task(fail())
        await asyncio.sleep(0)

    async def main() -> None:
        if where == "beside":
            crew.create_task(fail())
            await for_ever()
        if where == "main":
            await fail()
        await for_ever()

    with pytest.raises(KeyError, match=where):
        await crew.run(main())
    assert waiting.cancelled()


async def test_a_failure_while_everything_ends_is_told() -> None:
    crew = Crew()

    async def fail_at_the_end() -> None:
        try:
            await for_ever()
        finally:
            raise KeyError("last words")

    crew.create_task(fail_at_the_end())
    with pytest.raises(KeyError, match="last words"):
        await crew.run(asyncio.sleep(0))


async def test_a_task_that_ignores_its_cancellation_holds_nobody_up() -> None:
    crew = Crew()
    let_go = asyncio.Event()

    async def stubborn() -> None:
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue

    crew.create_task(stubborn())
    began = time.monotonic()
    await crew.run(asyncio.sleep(0))
    assert time.monotonic() - began < 5
    let_go.set()
    await asyncio.sleep(0)


async def test_cancelling_it_cancels_all_of_them() -> None:
    crew = Crew()
    other = crew.create_task(for_ever())
    running = asyncio.ensure_future(crew.run(for_ever()))
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert other.cancelled()
