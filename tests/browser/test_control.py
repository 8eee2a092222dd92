"""Cameras are added, edited, paused and removed; nothing is shown that is not so."""

from tests.browser.fake import TOKEN
from tests.browser.looking import tile, until
from tests.browser.telling import stream

DIALOG = "dialog[open]"


def test_add_a_camera(open_fake, fake) -> None:
    fake.show(stream("gate"))
    page = open_fake()
    page.locator("#add").click()
    page.locator("#field-name").fill("yard")
    page.locator("#field-url").fill("rtsp://viewer:secret@10.0.0.9/main")
    page.locator(f"{DIALOG} .tick:has-text('yolox-nano') input").check()
    page.locator(f"{DIALOG} summary").click()
    page.locator("#field-framerate").fill("5")
    page.locator("#field-behind").select_option("newest")
    page.locator(f"{DIALOG} .primary").click()
    page.locator(DIALOG).wait_for(state="hidden")

    wanted = {"name": "yard", "url": "rtsp://viewer:secret@10.0.0.9/main", "behind": "newest"}
    assert fake.changes == [
        ("POST", "yard", wanted | {"models": ["yolox-nano"], "framerate": 5}),
    ]
    tile(page, "yard").locator(".state:has-text('Connecting')").wait_for()


def test_a_new_camera_is_what_the_dialog_shows(open_fake, fake) -> None:
    fake.defaults = {"models": ["yunet"], "framerate": 5, "behind": "newest"}
    fake.show(stream("gate"))
    page = open_fake()
    page.locator("#add").click()
    page.locator("#field-name").fill("yard")
    page.locator("#field-url").fill("testsrc:")
    yunet = page.locator(f"{DIALOG} .tick:has-text('yunet') input")
    assert yunet.is_checked()
    yunet.uncheck()
    assert page.locator("#field-framerate").input_value() == "5"
    page.locator("#field-framerate").fill("")
    assert page.locator("#field-behind").input_value() == "newest"
    page.locator(f"{DIALOG} .primary").click()
    page.locator(DIALOG).wait_for(state="hidden")

    said = {"name": "yard", "url": "testsrc:", "models": [], "framerate": None}
    assert fake.changes == [("POST", "yard", said)]


def test_no_model_ticked_is_said(open_fake, fake) -> None:
    fake.show()
    page = open_fake()
    page.locator("#empty button").click()
    page.locator("#field-name").fill("yard")
    page.locator("#field-url").fill("testsrc:")
    page.locator(f"{DIALOG} .primary").click()
    page.locator(DIALOG).wait_for(state="hidden")

    said = {"name": "yard", "url": "testsrc:", "models": []}
    assert fake.changes == [("POST", "yard", said)]


def test_a_kind_of_source_brings_its_example(open_fake, fake) -> None:
    fake.show()
    page = open_fake()
    page.locator("#empty button").click()
    url = page.locator("#field-url")
    assert url.get_attribute("placeholder").startswith("rtsp://")
    page.locator("#field-kind").select_option("pattern")
    assert url.input_value() == "testsrc:"
    assert page.locator("#field-transport").is_hidden()
    page.locator("#field-kind").select_option("snapshot")
    assert url.input_value() == ""
    assert url.get_attribute("placeholder").startswith("snapshot+http://")
    url.fill("https://example.org/live/index.m3u8")
    assert page.locator("#field-kind").input_value() == "hls"


def test_what_is_refused_is_said_at_its_field(open_fake, fake) -> None:
    fake.show(stream("gate"))
    page = open_fake()
    page.locator("#add").click()
    page.locator(f"{DIALOG} .primary").click()
    assert page.locator("#field-name").get_attribute("aria-invalid") == "true"
    assert fake.changes == []
    page.locator("#field-name").fill("yard")
    page.locator("#field-url").fill("gopher://10.0.0.9")
    for status, words, field in [
        (400, "camera yard: url: nothing is known of gopher://", "url"),
        (400, "camera yard: framerate must be a number from 0.01 to 1000, not 0", "framerate"),
        (409, "there is a camera yard already", "name"),
    ]:
        fake.refusal = (status, words)
        page.locator(f"{DIALOG} .primary").click()
        page.locator(f"#field-{field}-wrong:visible").wait_for()
        said = words.removeprefix("camera yard: ")
        assert page.locator(f"#field-{field}-wrong").text_content() == said
        assert page.evaluate("document.activeElement.id") == f"field-{field}"
    both = "camera yard: name must be up to 63\ncamera yard: url has no host, as in rtsp://gate/"
    fake.refusal = (400, both)
    page.locator(f"{DIALOG} .primary").click()
    page.locator("#field-url-wrong:text-is('url has no host, as in rtsp://gate/')").wait_for()
    assert page.locator("#field-name-wrong").text_content() == "name must be up to 63"
    assert page.evaluate("document.activeElement.id") == "field-name"
    fake.refusal = (503, "the Kubernetes API does not answer")
    page.locator(f"{DIALOG} .primary").click()
    page.locator(f"{DIALOG} form > .wrong:has-text('does not answer')").wait_for()

    page.locator(f"{DIALOG} .primary").click()
    page.locator(DIALOG).wait_for(state="hidden")


def test_a_masked_password_is_left_as_it_is(open_fake, fake) -> None:
    fake.show(stream("gate"))
    fake.cameras["gate"] |= {"size": [1280, 720], "schedule": "07:00-19:00"}
    page = open_fake()
    menu(page, "gate", "Edit…")
    assert page.locator("#field-url").input_value() == "rtsp://viewer:***@10.0.0.7/main"
    assert page.locator("#field-name").get_attribute("readonly") is not None
    page.locator("#field-framerate").fill("2.5")
    page.locator(f"{DIALOG} .primary").click()
    page.locator(DIALOG).wait_for(state="hidden")

    assert fake.changes == [("PATCH", "gate", {"framerate": 2.5})]
    menu(page, "gate", "Edit…")
    assert page.locator("#field-framerate").input_value() == "2.5"
    page.locator("#field-framerate").fill("")
    page.locator(f"{DIALOG} .primary").click()
    page.locator(DIALOG).wait_for(state="hidden")
    assert fake.changes[1:] == [("PATCH", "gate", {"framerate": None})]


def test_models_are_ticked_at_the_tile(open_fake, fake) -> None:
    fake.show(stream("gate"))
    page = open_fake()
    tile(page, "gate").locator('button[aria-label="More about gate"]').click()
    ticks = page.locator(".menu:popover-open .tick")
    ticks.locator("nth=1").wait_for()
    fake.slow = 0.5
    ticks.filter(has_text="yunet").click()
    said = page.locator(".menu [role=status]")
    until(lambda: said.text_content() == "Saving…")
    until(lambda: said.text_content() == "Saved.")
    assert fake.changes == [("PATCH", "gate", {"models": ["yolox-nano", "yunet"]})]
    fake.refusal = (503, "the Kubernetes API does not answer")
    ticks.filter(has_text="yunet").click()
    until(lambda: said.text_content() == "the Kubernetes API does not answer")
    assert ticks.filter(has_text="yunet").locator("input").is_checked(), "it is as it was"


def test_pausing_says_what_is_so(open_fake, fake) -> None:
    fake.show(stream("gate"))
    fake.slow = 1.0
    page = open_fake()
    state = tile(page, "gate").locator(".state")
    tile(page, "gate").locator('button[aria-label="Pause gate"]').click()
    until(lambda: state.text_content() == "Saving…")
    until(lambda: state.text_content() == "Paused")
    assert fake.changes == [("PATCH", "gate", {"paused": True})]
    fake.refusal = (503, "the Kubernetes API does not answer")
    tile(page, "gate").locator('button[aria-label="Resume gate"]').click()
    page.locator(".toast:has-text('does not answer')").wait_for()
    until(lambda: state.text_content() == "Paused")


def test_remove_a_camera(open_fake, fake) -> None:
    fake.show(stream("gate"), stream("yard"))
    page = open_fake()
    menu(page, "gate", "Remove…")
    page.locator(f"{DIALOG} button:has-text('Cancel')").click()
    assert fake.changes == []
    menu(page, "gate", "Remove…")
    page.locator(f"{DIALOG} .danger").click()

    tile(page, "gate").wait_for(state="hidden")
    assert fake.changes == [("DELETE", "gate", None)]
    page.locator("#states [data-of=ended]").click()
    tile(page, "gate").wait_for()  # its account is kept


def test_the_token_is_asked_for_where_it_is_needed(open_fake, fake) -> None:
    fake.show(stream("gate"))
    page = open_fake(token=False)
    page.keyboard.press("a")
    page.locator("#field-name").fill("yard")
    page.locator("#field-url").fill("testsrc:")
    page.keyboard.press("Enter")
    page.locator("#token").fill("wrong")
    page.keyboard.press("Enter")
    page.locator(f"{DIALOG}:has-text('is not the dashboard')").wait_for()
    page.locator("#token").fill(TOKEN)
    page.keyboard.press("Enter")

    tile(page, "yard").wait_for()
    page.locator(DIALOG).wait_for(state="hidden")
    page.locator("#viewer").wait_for(state="hidden")


def test_dialogs_keep_the_keyboard_and_give_it_back(open_fake, fake) -> None:
    fake.show(stream("gate"))
    page = open_fake()
    page.locator("#add").focus()
    page.keyboard.press("Enter")
    page.locator(DIALOG).wait_for()
    for _ in range(20):
        page.keyboard.press("Tab")
        inside = (
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
        assert page.evaluate(inside)
    page.keyboard.press("Escape")
    page.locator(DIALOG).wait_for(state="hidden")
    assert page.evaluate("document.activeElement.id") == "add"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("e")
    page.locator(f"{DIALOG}:has-text('Edit gate')").wait_for()


def menu(page, name: str, item: str) -> None:
    tile(page, name).locator(f'button[aria-label="More about {name}"]').click()
    page.locator(f".menu:popover-open .item:has-text('{item}')").click()
