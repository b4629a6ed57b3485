from shopper.tally import Count, Tally


def test_the_line_says_everything_since_the_last_one() -> None:
    tally = Tally()
    for count in (Count.CAME, Count.CAME, Count.CONFIRMED):
        tally.add(count)
    for took_ms in range(1, 101):
        tally.answered(took_ms / 1000)
    line = tally.line(inside=1)
    assert line.startswith("inside=1 came=2 ")
    assert " confirmed=1 cancelled=0 " in line
    assert line.endswith("requests=100 p50_ms=50 p95_ms=95")


def test_the_next_line_starts_anew() -> None:
    tally = Tally()
    tally.add(Count.CAME)
    tally.line(inside=0)
    assert "came=0" in tally.line(inside=0)
    assert "p50_ms=- p95_ms=-" in tally.line(inside=0)
