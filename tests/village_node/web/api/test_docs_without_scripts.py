"""The page of the interface for programs, in a browser that runs no scripts."""

from tests.village_node.web.counter import Counter


def test_without_scripts_the_page_says_where_everything_stands(village: Counter) -> None:
    """It was blank."""
    page = village.visitor().open("/api/v1/docs").text
    said = page.partition("<noscript>")[2].partition("</noscript>")[0]
    assert all(words in said for words in ("没有开启脚本", "API.md", "OPERATIONS.md", "README.zh-CN.md", 'href="/"'))
    assert '<a href="/api/v1/openapi.json">openapi.json</a>' in page and "<h1>程序接口说明</h1>" in page
    assert village.visitor().open("/api/v1/openapi.json").get_json()["info"]["title"].startswith("三级程序接口")
