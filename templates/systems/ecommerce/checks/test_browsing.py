"""What customers see before they buy."""

import httpx
import pytest
from shop import SPACES, Shop


@pytest.mark.parametrize("space", SPACES)
def test_each_space_is_healthy(shop: Shop, space: str) -> None:
    assert shop.request("GET", space, "/health").status_code == httpx.codes.OK


def test_the_whole_catalogue_can_be_paged_through(shop: Shop) -> None:
    products = shop.products()
    total = shop.ask("GET", "catalog", "/products", limit=1)["total"]
    assert len(products) == total > 0
    assert {item["sku"] for item in shop.all_stock()} == {product["sku"] for product in products}


def test_each_category_holds_its_products_only(shop: Shop) -> None:
    for category in sorted({product["category"] for product in shop.products()}):
        assert {product["category"] for product in shop.products(category=category)} == {category}


def test_search_finds_a_product_by_its_name_in_any_case(shop: Shop) -> None:
    wanted = shop.products()[0]
    for words in (wanted["name"], wanted["name"].upper()):
        assert wanted["sku"] in {product["sku"] for product in shop.products(q=words)}


def test_a_search_for_nonsense_finds_nothing(shop: Shop) -> None:
    assert shop.products(q="xyzzy-plugh") == []


@pytest.mark.parametrize(
    ("space", "path"),
    [
        ("catalog", "/products/NO-0000"),
        ("catalog", "/stock/NO-0000"),
        ("cart", "/carts/no-such-cart"),
        ("orders", "/orders/no-such-order"),
    ],
)
def test_what_does_not_exist_is_not_found(shop: Shop, space: str, path: str) -> None:
    answer = shop.request("GET", space, path)
    assert answer.status_code in {httpx.codes.NOT_FOUND, httpx.codes.UNPROCESSABLE_ENTITY}, answer.text
    assert "detail" in answer.json()


def test_the_cart_knows_what_things_cost(shop: Shop) -> None:
    first, second = [product for product in shop.products() if product["available"] >= 2][:2]
    cart = shop.fill_cart({first["sku"]: 2, second["sku"]: 1})
    assert cart["total_cents"] == 2 * first["price_cents"] + second["price_cents"]
    shop.ask("PUT", "cart", f"/carts/{cart['cart_id']}/items/{first['sku']}", {"quantity": 1})
    shop.request("DELETE", "cart", f"/carts/{cart['cart_id']}/items/{second['sku']}")
    assert shop.ask("GET", "cart", f"/carts/{cart['cart_id']}")["total_cents"] == first["price_cents"]
