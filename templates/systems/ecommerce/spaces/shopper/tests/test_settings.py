import pytest

from shopper.settings import SettingError, read_settings

URLS = {
    "CATALOG_URL": "http://127.0.0.1:1/",
    "CART_URL": "http://127.0.0.1:2",
    "ORDERS_URL": "http://127.0.0.1:3",
}


def test_everything_but_the_addresses_has_a_default() -> None:
    settings = read_settings(URLS)
    assert (settings.rate, settings.buyers, settings.max_customers) == (2.0, 0.35, 200)
    assert settings.urls["catalog"] == "http://127.0.0.1:1"


def test_replicas_bring_customers_of_their_own() -> None:
    assert read_settings(URLS).seed != read_settings({**URLS, "REPLICA": "2"}).seed


def test_what_is_set_counts() -> None:
    settings = read_settings({**URLS, "RATE": " 12.5 ", "THINK_S": "0", "MAX_CUSTOMERS": "9", "SEED": "x"})
    assert (settings.rate, settings.think_s, settings.max_customers, settings.seed) == (12.5, 0.0, 9, "x.1")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("RATE", "0"),
        ("RATE", "fast"),
        ("RATE", "nan"),
        ("RATE", "-1"),
        ("BUYERS", "1.1"),
        ("MAX_CUSTOMERS", "0"),
    ],
)
def test_nonsense_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(SettingError, match=f"{name}={text}"):
        read_settings({**URLS, name: text})


def test_a_missing_address_is_named() -> None:
    with pytest.raises(SettingError, match="ORDERS_URL"):
        read_settings({name: url for name, url in URLS.items() if name != "ORDERS_URL"})
