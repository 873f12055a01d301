"""The pages in a real browser: what is seen, sorted, filtered, focused and printed."""

from __future__ import annotations

import shutil

import pytest

from archsim.report.comparing import compare
from archsim.report.page import difference_page, run_page, sweep_page
from archsim.report.page.rendering import shown
from archsim.units import format_si
from tests.unit.report.page import subjects

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here; apt-get install chromium"),
    pytest.mark.xdist_group("browser"),
]
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 380, "height": 780}
SHEET = {"width": 794, "height": 1123}
"""A4 at 96 dots an inch."""

ALL = [
    "run",
    "accuracy",
    "hostile",
    "difference",
    "strangers",
    "hostile-difference",
    "sweep",
    "sweep-3",
    "sweep-1",
]

CONTRAST = """() => {
  const parts = (text) => {
    const found = text.match(/[\\d.]+/g).map(Number);
    return found.length === 4 ? found : [...found, 1];
  };
  const light = (of) => {
    const [r, g, b] = of.slice(0, 3).map((v) => v / 255)
      .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = parts(getComputedStyle(at).backgroundColor);
      if (colour[3] > 0.99) return colour;
    }
    return matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0, 1] : [255, 255, 255, 1];
  };
  const poor = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !node.getClientRects().length) continue;
    const style = getComputedStyle(node);
    const ink = light(parts(node instanceof SVGElement ? style.fill : style.color));
    const under = light(ground(node));
    const ratio = (Math.max(ink, under) + 0.05) / (Math.min(ink, under) + 0.05);
    if (ratio < 4.5 || Number(style.opacity) < 1) poor.push([node.tagName, node.className, ratio]);
  }
  return poor;
}"""
"""Texts with less contrast than WCAG AA asks for, by its own formula."""


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="needs the dev extra")
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    return {
        "usual": subjects.usual(folder / "usual"),
        "other": subjects.usual(folder / "other", repetitions=2),
        "long": subjects.usual(folder / "long", "resnet20_cifar10"),
        "accuracy": subjects.with_accuracy(folder / "accuracy"),
        "hostile": subjects.hostile(folder / "hostile"),
    }


@pytest.fixture(scope="module")
def pages(saved, tmp_path_factory):
    """Every kind of page as a file."""
    folder = tmp_path_factory.mktemp("pages")
    three = {"latency_s": "min", "energy_per_input_j": "min", "accuracy": "max"}
    texts = {
        "run": run_page(saved["usual"]),
        "long": run_page(saved["long"]),
        "accuracy": run_page(saved["accuracy"]),
        "hostile": run_page(saved["hostile"]),
        "difference": difference_page(compare(saved["usual"], saved["other"])),
        "strangers": difference_page(compare(saved["usual"], saved["accuracy"])),
        "hostile-difference": difference_page(compare(saved["accuracy"], saved["hostile"])),
        "sweep": sweep_page(subjects.sweep()),
        "sweep-3": sweep_page(subjects.sweep(objectives=three)),
        "sweep-1": sweep_page(subjects.sweep(objectives={"latency_s": "min"}, front={3})),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in texts}


@pytest.fixture(scope="module")
def tab(browser, pages):
    """One tab for all tests; whatever its console says or it asks of a network is a fault."""
    page, faults = browser.new_page(viewport=DESK, color_scheme="light"), []
    page.set_default_timeout(10_000)
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    known = {"about:blank", *pages.values()}
    page.on("request", lambda asked: asked.url in known or faults.append(asked.url))
    return page, faults


@pytest.fixture
def visit(tab, pages):
    """Open a page."""
    page, faults = tab

    def opened(name):
        page.goto("about:blank")
        page.goto(pages[name])
        return page

    faults.clear()
    yield opened
    assert faults == []


@pytest.fixture(params=ALL, scope="module")
def kind(request):
    """The kinds of pages one after the other, so that each is opened once for all that is asked."""
    return request.param


@pytest.fixture
def each(tab, pages, kind):
    """A page of one kind, as it comes."""
    page, faults = tab
    if page.url != pages[kind]:
        faults.clear()
        page.goto(pages[kind])
    yield page
    page.emulate_media(media="screen", color_scheme="light")
    page.set_viewport_size(DESK)
    assert faults == []


def visible(page, selector):
    return page.locator(f"{selector}:visible").all_text_contents()


def column(page, title):
    """Return what a column of the table of ops shows, by its heading."""
    heads = [text.strip() for text in page.locator("#ops thead th").all_text_contents()]
    cells = page.locator(f"#ops tbody tr > :nth-child({heads.index(title) + 1})")
    return cells.all_text_contents()


def test_what_a_reader_cannot_see_is_said_in_words(each):
    assert each.locator("html[lang=en]").count() == 1
    assert each.locator("h1").count() == 1
    ids = each.evaluate("[...document.querySelectorAll('[id]')].map((each) => each.id)")
    assert len(ids) == len(set(ids))
    assert each.locator("svg:not([aria-hidden]):not([aria-label])").count() == 0
    assert each.locator("th button").count() == each.locator("th[aria-sort]").count() > 0
    labels = "all => all.map((each) => each.labels.length)"
    assert set(each.locator("input, select").evaluate_all(labels)) == {1}
    there = "all => all.every((each) => document.querySelector(each.getAttribute('href')))"
    assert each.locator("nav a").evaluate_all(there)


def test_nothing_is_wider_than_a_phone_or_a_sheet(each):
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    each.set_viewport_size(PHONE)
    assert each.evaluate(wide) == 0
    each.set_viewport_size(SHEET)
    each.emulate_media(media="print")
    assert each.evaluate(wide) == 0
    assert each.locator("nav, .tools, .more").filter(visible=True).count() == 0


def test_texts_have_contrast_by_day_and_by_night(each):
    each.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    assert each.evaluate(CONTRAST) == []
    each.emulate_media(color_scheme="dark")
    assert each.evaluate(CONTRAST) == []


def test_figures_are_those_of_the_tables(visit, saved):
    page, ops = visit("run"), saved["usual"].frames["ops"]
    assert column(page, "op") == list(ops.op)
    assert column(page, "energy") == [format_si(value, "J") for value in ops.energy_j]
    assert column(page, "time") == [format_si(value, "s") for value in ops.duration_s]
    headline = page.locator("#headline dd strong").all_text_contents()
    assert headline[0] == format_si(saved["usual"].headline["latency_s"], "s")
    page.get_by_label("exact values").check()
    assert column(page, "energy") == [f"{value!r} J" for value in ops.energy_j.tolist()]
    page.get_by_label("exact values").uncheck()
    assert column(page, "energy") == [format_si(value, "J") for value in ops.energy_j]


def test_bars_are_as_long_as_their_figures(visit, saved):
    page, components = visit("run"), saved["usual"].frames["components"]
    rows = page.locator("#energy-by-component .bar").all()
    by_energy = components.sort_values("energy_j", ascending=False, kind="stable")
    assert [row.locator(".what").inner_text() for row in rows] == list(by_energy.component)
    longest_j = by_energy.energy_j.iloc[0]
    for row, energy_j in zip(rows, by_energy.energy_j, strict=True):
        widths = row.locator("rect").evaluate_all("all => all.map((r) => +r.getAttribute('width'))")
        assert sum(widths) == pytest.approx(1000 * energy_j / longest_j, abs=0.02)


def test_a_press_on_a_heading_sorts_and_a_third_one_restores(visit, saved):
    page, ops = visit("run"), saved["usual"].frames["ops"]
    head = page.locator("#ops thead th").filter(has_text="energy")
    for order, ascending in (("descending", False), ("ascending", True)):
        head.locator("button").press("Enter")
        assert head.get_attribute("aria-sort") == order
        by_energy = ops.sort_values("energy_j", ascending=ascending, kind="stable")
        assert column(page, "op") == list(by_energy.op)
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "none"
    assert column(page, "op") == list(ops.op)
    page.locator("#ops thead th button").first.click()
    assert column(page, "op") == sorted(ops.op, key=str.casefold)


def test_what_has_no_figure_comes_last_whichever_way_it_is_sorted(visit, saved):
    page, ops = visit("run"), saved["usual"].frames["ops"]
    without = int(ops.utilization.isna().sum())
    head = page.locator("#ops thead th").filter(has_text="util.")
    for _ in range(2):
        head.locator("button").click()
        shown_bits = column(page, "util.")
        assert [text == "" for text in shown_bits] == sorted(text == "" for text in shown_bits)
        assert shown_bits[-without:] == [""] * without


def test_a_filter_leaves_the_ops_that_match_in_table_and_charts(visit, saved):
    page, ops = visit("run"), saved["usual"].frames["ops"]
    page.get_by_label("Filter ops").press_sequentially("LINEAR")
    kept = ops[ops.kind == "linear"]
    assert 0 < len(kept) < len(ops)
    assert visible(page, "#ops tbody th") == list(kept.op)
    assert sorted(visible(page, "#energy-by-op .what")) == sorted(kept.op)
    share = kept.energy_j.sum() / saved["usual"].headline["energy_j"]
    told = page.locator("#found").inner_text()
    assert told == f"{len(kept)} of {len(ops)} ops: {share:.1%} of the energy"
    page.get_by_label("Filter ops").fill("")
    assert len(visible(page, "#ops tbody th")) == len(ops)
    assert page.locator("#found").inner_text() == ""


def test_a_component_alone_is_drawn_to_its_own_scale(visit, saved):
    page, energy = visit("run"), saved["usual"].frames["energy"]
    page.locator("#component").select_option("dram")
    spent = energy[(energy.component == "dram") & (energy.energy_j > 0)]
    spent = spent.sort_values("energy_j", ascending=False, kind="stable")
    assert visible(page, "#energy-by-op .total") == [format_si(v, "J") for v in spent.energy_j]
    first = page.locator("#energy-by-op .bar:visible").first
    widths = first.locator("rect").evaluate_all("all => all.map((r) => +r.getAttribute('width'))")
    assert sorted(widths)[-2:] == [0, 1000]
    assert page.evaluate(CONTRAST) == []
    page.locator("#component").select_option("")
    assert page.locator("#energy-by-op .bar").first.locator(".total").inner_text() == format_si(
        energy.groupby("op").energy_j.sum().max(), "J"
    )


def test_a_pointer_on_a_part_of_a_bar_shows_its_figure(visit, saved):
    page, energy = visit("run"), saved["usual"].frames["energy"]
    bar = page.locator("#energy-by-op .bar").first
    part = bar.locator("rect").first
    part.hover()
    name, component = bar.locator(".what").inner_text(), part.get_attribute("data-n")
    [energy_j] = energy[(energy.op == name) & (energy.component == component)].energy_j
    told = page.locator("#tip").inner_text()
    assert page.locator("#tip").is_visible()
    assert told.splitlines()[1] == f"{component}: {format_si(energy_j, 'J')} ({energy_j!r})"
    page.mouse.move(5, 5)
    assert page.locator("#tip").is_hidden()


def test_the_keyboard_goes_from_bar_to_bar_and_shows_what_a_pointer_shows(visit):
    page = visit("run")
    bars = page.locator("#energy-by-component .bar")
    assert page.locator("#energy-by-component [tabindex='0']").count() == 1
    bars.first.focus()
    assert page.locator("#tip").inner_text().startswith(bars.first.get_attribute("aria-label"))
    page.keyboard.press("ArrowDown")
    assert bars.nth(1).evaluate("each => each === document.activeElement")
    assert page.locator("#tip").inner_text().startswith(bars.nth(1).get_attribute("aria-label"))
    assert "exactly" in page.locator("#tip").inner_text()
    page.keyboard.press("End")
    assert bars.last.evaluate("each => each === document.activeElement")
    page.keyboard.press("Escape")
    assert page.locator("#tip").is_hidden()


def test_long_charts_are_cut_until_asked(visit, saved):
    page, ops = visit("long"), saved["long"].frames["energy"].op.nunique()
    button, bars = page.locator("#energy-by-op .more"), "#energy-by-op .bar"
    assert len(visible(page, bars)) == 25 < ops
    button.click()
    assert len(visible(page, bars)) == ops
    assert (button.inner_text(), button.get_attribute("aria-expanded")) == ("Show fewer", "true")
    button.click()
    assert len(visible(page, bars)) == 25
    page.get_by_label("Filter ops").fill("layer3.2.conv2")  # not among the longest
    assert visible(page, "#energy-by-op .what") == ["layer3.2.conv2"]
    assert button.is_hidden()


def test_accuracy_is_shown_with_its_intervals(visit):
    page = visit("accuracy")
    noisy = page.locator(".scale .bar").last
    assert noisy.get_attribute("aria-label") == (
        "with noise: 96.00%, mean of 2 trials; 95 % over noise seeds: 95.00% to 97.00%; "
        "95 % over examples: 94.50% to 97.25%"
    )
    places = noisy.locator("rect").evaluate_all(
        "all => all.map((r) => [r.getAttribute('class'), +r.getAttribute('x'), "
        "+r.getAttribute('width')])"
    )
    found = {name: (x, x + width) for name, x, width in places}
    (a, b), (c, d) = found["between0"], found["between1"]
    assert (b - a) / (d - c) == pytest.approx((97 - 95) / (97.25 - 94.5), rel=1e-3)
    assert sum(found["at"]) / 2 == pytest.approx((a + b) / 2, abs=0.01)  # 96 is between 95 and 97
    assert "Drop by noise: 2.00 points" in page.locator("#accuracy").inner_text()


@pytest.mark.parametrize(
    ("name", "where"), [("hostile", "#ops tbody th"), ("hostile-difference", ".alone li")]
)
def test_hostile_names_are_text_and_nothing_else(visit, name, where):
    page = visit(name)
    texts = page.locator(where).all_text_contents()
    for op in subjects.HOSTILE.values():
        assert shown(op) in texts
    assert subjects.HOSTILE["a"] in texts  # nothing in it had to be spelt out
    assert page.evaluate("window.hacked") is None
    assert page.locator("img, b, svg[onload]").count() == 0
    assert page.locator("script").count() == 1
    assert shown(subjects.EVIL) in page.locator("h1").inner_text()
    page.get_by_label("Filter ops").fill("<img")
    assert page.evaluate("window.hacked") is None


def test_hostile_names_can_be_pointed_at(visit):
    page = visit("hostile")
    page.locator("#energy-by-op .bar").first.hover()
    assert subjects.HOSTILE["a"] in page.locator("#tip").inner_text()
    bar = page.locator("#energy-by-op .bar", has_text="🦄")
    bar.hover()
    box = page.locator("#tip").bounding_box()
    assert box["height"] < 300
    assert page.evaluate("window.hacked") is None


def test_hostile_sweeps_are_text_and_nothing_else(visit):
    page = visit("sweep")
    assert page.locator("h1").inner_text() == f"sweep {shown(subjects.EVIL)}"
    assert page.locator("#point-3").inner_text().count(shown(subjects.EVIL)) == 1
    assert page.locator("#point-4").inner_text().count(shown(subjects.EVIL)) == 1
    assert page.evaluate("window.hacked") is None
    assert page.locator("img, svg[onload]").count() == 0


def test_points_of_a_sweep_lead_to_their_rows_and_light_up_everywhere(visit):
    page = visit("sweep-3")
    assert page.locator("svg.plot").count() == 3
    dots = page.locator("svg.plot a[data-point=point-2]")
    assert dots.count() == 3
    dots.first.focus()
    assert page.locator("svg.plot a.lit").count() == 3
    assert page.locator("#point-2.lit").count() == 1
    told = page.locator("#tip").inner_text()
    assert told.startswith("point 2: latency 4 us, energy per input 2 uJ, accuracy 92; tiles.count")
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#point-2"
    assert page.locator("#point-2:target").count() == 1


def test_only_the_front_is_shown_when_asked(visit):
    page = visit("sweep")
    page.get_by_label("only the front").check()
    assert visible(page, "#points tbody th") == ["1", "2", "3"]
    assert page.locator("#found-points").inner_text() == "3 of 5 points"
    page.get_by_label("Filter points").fill("2 mW")
    assert visible(page, "#points tbody th") == ["1"]
    assert page.locator("#point-1 a").get_attribute("href") == "points/1.html"


def test_a_difference_shows_both_runs_and_their_ratio(visit, saved):
    page = visit("difference")
    one, other = (saved[name].headline["energy_j"] for name in ("usual", "other"))
    [row] = page.locator("#headline tbody tr", has_text="energy of the run").all()
    texts = row.locator("td").all_text_contents()
    assert texts == [format_si(one, "J"), format_si(other, "J"), f"× {other / one:.4g}"]
    assert page.locator("#plan tbody tr > *").all_text_contents() == ["every product", "1", "2"]
    page.get_by_label("Filter ops").fill("c1")
    assert all("c1" in name for name in visible(page, "#ops tbody th"))


def test_different_networks_are_called_that(visit):
    page = visit("strangers")
    assert "different networks" in page.locator(".warnings").inner_text()
    assert page.locator("#ops, #plan").count() == 0
