"""Uploads in a real browser: many at once, each by itself, and a line that breaks."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import CDPSession, FilePayload, Locator, Page, Route, expect

from tests.browser.conftest import OpenPage, wait_for_scripts
from tests.browser.guard import Guard
from tests.jobs.pictures import encoded, noise
from tests.journeys import pictures
from tests.journeys.people import People

pytestmark = pytest.mark.browser


def photo(name: str, colour: str) -> FilePayload:
    return file(f"{name}.jpg", encoded(Image.new("RGB", (320, 240), colour), "JPEG"))


def large_photo(name: str, seed: int) -> FilePayload:
    """Half a megabyte."""
    return file(f"{name}.jpg", encoded(noise(seed, (800, 600)), "JPEG", quality=95))


def file(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "", "buffer": data}


def choose(page: Page, *files: FilePayload) -> None:
    page.locator("[data-upload] input[name=files]").set_input_files(list(files))


def take_with_the_camera(page: Page, picture: FilePayload) -> None:
    page.locator("[data-upload] input[capture]").set_input_files(picture)


def slow_down(wire: CDPSession, *, bytes_a_second: int) -> None:
    """What is sent, and nothing else; -1 takes it back, on the same session alone."""
    conditions = {"offline": False, "latency": 0, "downloadThroughput": -1}
    conditions["uploadThroughput"] = bytes_a_second
    wire.send("Network.emulateNetworkConditions", conditions)


def line(page: Page, name: str) -> Locator:
    return page.locator("[data-upload-list] > li").filter(has_text=name)


def all_files(page: Page) -> Locator:
    return page.get_by_role("progressbar", name="All files")


def in_gallery(page: Page, name: str) -> Locator:
    return page.locator("#photos").get_by_role("link", name=name, exact=True)


@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_of_several_one_is_refused_one_is_here_and_the_others_come(
    open_page: OpenPage, people: People, guard: Guard, screen: str
):
    page = open_page(screen, signed_in=people.member(credit_micros=0))
    page.goto("/photos/")
    take_with_the_camera(page, photo("anna", "peru"))
    expect(page).to_have_url(re.compile("/photos/[0-9a-f-]{36}/$"))  # one leads to its own page
    page.goto("/photos/")
    guard.expect_refusal(422)
    diary = file("diary.jpg", b"Dear diary")
    moving = file("moving.gif", pictures.animated())
    telephones = file("telephone.heic", encoded(noise(), "HEIF"))
    choose(page, photo("berta", "olive"), diary, photo("anna again", "peru"), moving, telephones)
    expect(line(page, "berta.jpg")).to_contain_text("Done")
    expect(line(page, "diary.jpg")).to_contain_text("This is not a picture that we can read.")
    expect(line(page, "anna again.jpg")).to_contain_text("You have this photo already.")
    expect(line(page, "moving.gif")).to_contain_text("Done")
    expect(line(page, "telephone.heic")).to_contain_text("Done")
    expect(page.locator("[data-upload-total]")).to_have_text("4 done, 1 not taken")
    expect(in_gallery(page, "berta")).to_be_visible()
    expect(in_gallery(page, "telephone")).to_be_visible()
    expect(page.locator("#photos > li")).to_have_count(4)
    # No browser shows it as it came; what was made of it does.
    expect(page.locator("#photos > li").filter(has_text="telephone").locator("img")).to_be_visible()
    guard.look_at_width(page)
    line(page, "anna again.jpg").get_by_role("link", name="Open").click()
    expect(page.get_by_role("heading", name="anna", exact=True)).to_be_visible()


@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_a_line_that_breaks_is_tried_again_and_nothing_comes_twice(
    open_page: OpenPage, people: People, guard: Guard, screen: str
):
    page = open_page(screen, signed_in=people.member(credit_micros=0))
    page.goto("/photos/")
    tries: list[str] = []

    def break_off(route: Route) -> None:
        tries.append(route.request.url)
        if len(tries) == 1:
            route.abort("connectionreset")
        elif len(tries) == 2:  # stored, and the answer is lost
            route.fetch()
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/photos/upload/one/", break_off)
    choose(page, photo("anna", "peru"))
    expect(line(page, "anna.jpg")).to_contain_text("The connection was lost. Trying again in")
    line(page, "anna.jpg").get_by_role("button", name="Try again").click()
    expect(page).to_have_url(re.compile("/photos/[0-9a-f-]{36}/$"))
    assert len(tries) == 3
    page.goto("/photos/")
    expect(page.locator("#photos > li")).to_have_count(1)
    lost = [words for words in guard.complaints if "ERR_CONNECTION_RESET" in words]
    assert len(lost) == 2
    guard.complaints[:] = [words for words in guard.complaints if words not in lost]


@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_what_is_sent_is_seen_to_go_paused_taken_up_again_and_cancelled(
    open_page: OpenPage, people: People, guard: Guard, screen: str
):
    page = open_page(screen, signed_in=people.member(credit_micros=0))
    page.goto("/photos/")
    wire = page.context.new_cdp_session(page)
    slow_down(wire, bytes_a_second=10_000)  # both take almost two minutes
    choose(page, large_photo("anna", 1), large_photo("berta", 2), photo("c", "navy"))
    for name in ("anna.jpg", "berta.jpg"):
        expect(line(page, name)).to_have_attribute("data-state", "sending")
        picture = line(page, name).locator("img")
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 800
    expect(line(page, "c.jpg")).to_have_attribute("data-state", "waiting")
    expect(line(page, "anna.jpg")).to_have_text(re.compile(r"Sending, [1-9]\d? %"))
    said = re.compile(r"^0 of 3 done · [\d.]+ KB a second, \d+ (s|min) left$")
    expect(page.locator("[data-upload-total]")).to_have_text(said)
    for bar in (line(page, "anna.jpg").get_by_role("progressbar"), all_files(page)):
        expect(bar).to_be_visible()
        assert 0 < bar.evaluate("bar => bar.position") < 1
    guard.look_at_width(page)
    page.get_by_role("button", name="Pause").click()
    expect(line(page, "anna.jpg")).to_contain_text("Paused")
    line(page, "c.jpg").get_by_role("button", name="Cancel").click()
    expect(line(page, "c.jpg")).to_contain_text("Not sent")
    slow_down(wire, bytes_a_second=-1)
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("[data-upload-total]")).to_have_text("All done: 2")
    assert all_files(page).evaluate("bar => bar.position") == 1
    expect(page.locator("#photos > li")).to_have_count(2)


@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_what_is_dropped_or_pasted_is_sent_too(open_page: OpenPage, people: People, screen: str):
    page = open_page(screen, signed_in=people.member(credit_micros=0))
    page.goto("/photos/")
    page.evaluate(
        """async () => {
          const draw = (colour) => new Promise((done) => {
            const canvas = new OffscreenCanvas(64, 48);
            const context = canvas.getContext("2d");
            context.fillStyle = colour;
            context.fillRect(0, 0, 64, 48);
            canvas.convertToBlob({ type: "image/png" }).then(done);
          });
          const carry = (blob, name) => {
            const data = new DataTransfer();
            data.items.add(new File([blob], name, { type: "image/png" }));
            return data;
          };
          const drop = document.querySelector("[data-upload-drop]");
          const dropped = carry(await draw("peru"), "dropped.png");
          const pasted = carry(await draw("navy"), "pasted.png");
          const real = { bubbles: true, cancelable: true };
          // At once: as soon as all that came is there, the page goes on to it.
          drop.dispatchEvent(new DragEvent("drop", { dataTransfer: dropped, ...real }));
          const event = new ClipboardEvent("paste", { clipboardData: pasted, ...real });
          document.body.dispatchEvent(event);
        }"""
    )
    expect(page.locator("[data-upload-total]")).to_have_text("All done: 2")
    expect(in_gallery(page, "dropped")).to_be_visible()
    expect(in_gallery(page, "pasted")).to_be_visible()


def test_what_is_chosen_before_the_script_is_there_is_sent_by_it(
    open_page: OpenPage, people: People
):
    page = open_page("phone", signed_in=people.member(credit_micros=0))
    held: list[Route] = []
    page.route("**/js/upload*.js", lambda route: held.append(route))
    with page.expect_request("**/js/upload*.js"):
        page.goto("/photos/", wait_until="commit")
    choose(page, photo("anna", "peru"))
    held.pop().continue_()
    expect(page.get_by_role("heading", name="anna")).to_be_visible()


def test_without_javascript_the_plain_form_brings_several(open_page: OpenPage, people: People):
    page = open_page("phone", signed_in=people.member(credit_micros=0), javascript=False)
    page.goto("/photos/")
    expect(page.get_by_role("button", name="Pause")).to_be_hidden()
    expect(page.get_by_text("Take a photo")).to_be_hidden()
    choose(page, photo("anna", "peru"), photo("berta", "olive"))
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("2 photos are uploaded.")).to_be_visible()
    page.get_by_role("checkbox", name="Select anna").check()
    page.get_by_role("button", name="To the trash").click()
    expect(page.get_by_text("1 photo is in the trash.")).to_be_visible()


@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_photos_go_into_an_album_and_come_home_as_a_zip(
    open_page: OpenPage, people: People, guard: Guard, tmp_path: Path, screen: str
):
    page = open_page(screen, signed_in=people.member(credit_micros=0))
    page.goto("/albums/")
    page.get_by_label("Name").fill("Aunts")
    page.get_by_role("button", name="Make the album").click()
    expect(page.get_by_role("heading", name="Aunts")).to_be_visible()
    wait_for_scripts(page)
    choose(page, photo("anna", "peru"), photo("berta", "olive"))
    expect(page.locator("[data-upload-total]")).to_have_text("All done: 2")
    expect(page.locator("#photos > li")).to_have_count(2)
    page.goto("/albums/")
    expect(page.get_by_text("2 photos")).to_be_visible()
    guard.look_at_width(page)
    page.get_by_role("link", name="Aunts", exact=True).click()
    expect(page.get_by_role("heading", name="Aunts")).to_be_visible()
    wait_for_scripts(page)
    page.get_by_label("All on this page").check()
    expect(page.get_by_text("2 photos ticked")).to_be_visible()
    page.locator("summary", has_text="Download").click()
    page.get_by_label("With the originals").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download ZIP").click()
    download.value.save_as(tmp_path / "photos.zip")
    with zipfile.ZipFile(tmp_path / "photos.zip") as archive:
        assert sorted(archive.namelist()) == [
            "README.txt",
            "originals/anna.jpg",
            "originals/berta.jpg",
        ]
        assert archive.read("originals/anna.jpg") == photo("anna", "peru")["buffer"]
    page.get_by_role("checkbox", name="Select berta").uncheck()
    page.locator("summary", has_text="Album").click()
    page.get_by_role("button", name="Take out of this album").click()
    expect(page.locator("#photos > li")).to_have_count(1)
    guard.look_at_width(page)
