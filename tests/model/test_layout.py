from pathlib import Path

from spacectl.model.layout import Layout, layout_of

SHOP = Path("/shop")


def test_a_copy_keeps_everything_apart_but_the_builds() -> None:
    first, copy = Layout(SHOP), Layout(SHOP, "1")
    apart = ("state", "run", "lock", "control_socket", "supervisor_log", "secrets", "ports", "bus_config", "bus_access")
    for name in (*apart, "bus_store", "logs", "home"):
        assert getattr(first, name) != getattr(copy, name)
        assert getattr(copy, name).is_relative_to(SHOP / ".spacectl" / "isolated" / "1")
    assert copy.data("orders") == SHOP / ".spacectl" / "isolated" / "1" / "data" / "orders"
    assert (copy.builds, copy.manifest, copy.root) == (first.builds, first.manifest, first.root)


def test_the_folder_of_each_stands_for_it() -> None:
    for layout in (Layout(SHOP), Layout(SHOP, "1")):
        assert layout_of(layout.home) == layout
    assert layout_of(SHOP / "isolated" / "1") == Layout(SHOP / "isolated" / "1")
