"""`make screenshots`: the pictures in docs/screenshots, of a laptop stack on which something is going on."""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import ExitStack
from io import StringIO
from typing import Any

from rich.console import Console
from rich.text import Text

from local.gateways.samples import sample_picture, sample_sound
from tests.browser.conftest import chromium
from tests.browser.visitor import Visitor
from tests.e2e.harness import COMMAND, PROJECT, QUICK, Stack, running_stack
from tests.e2e.tiny import eventually

PICTURES = PROJECT / "docs" / "screenshots"
FONT = "ui-monospace, Menlo, Consolas, DejaVu Sans Mono"


def go_on(stack: Stack) -> None:
    """Bring jobs into their states, the newest last."""
    stack.drop("veed-fabric/monday/cat.png", sample_picture())
    stack.drop("veed-fabric/monday/cat.wav", sample_sound())
    stack.manifest("veed-fabric-1-0-api-130/monday/cat")
    stack.drop("veo-3-1-fast/monday/wrong.json", {"prompt": "The harbour", "duration": 5})
    stack.drop("veo-3-1-fast/monday/storm.txt", "A storm [sim:failed]")
    stack.manifest("veo-3-1-fast/monday/storm")
    stack.drop("veed-fabric/tuesday/dog.png", sample_picture(320, 180))
    green = {"model": "pixelcut-background-removal", "input": {"background": "green", "output_format": "mp4_h264"}}
    stack.drop("veo-3-1-fast/tuesday/portrait.json", {"prompt": "A portrait", "duration": 4, "then": [green]})
    stack.manifest("pixelcut-video-background-removal/tuesday/portrait")
    stack.drop("veo-3-1/tuesday/tree.txt", "A year passes [sim:seconds=600]")


def of_the_page(visitor: Visitor) -> None:
    """Take the page with a drop that is not sent yet, in both themes and on a phone."""
    for name, status in {"monday/storm": "FAILED", "tuesday/dog": "WAITING", "tuesday/tree": "QUEUED"}.items():
        visitor.status(name, status)
    visitor.choose("veo-3-1-fast")
    picture: Any = {"name": "harbour.png", "mimeType": "image/png", "buffer": sample_picture()}
    visitor.page.set_input_files("#picker", picture)
    visitor.page.fill("#prompt", "The boats leave the harbour at dawn")
    visitor.page.click("#settingspart > summary")
    visitor.page.get_by_label("duration").select_option("4")
    visitor.verdict("$0.60")
    visitor.page.click("#costs > summary")
    visitor.page.locator("#costbody", has_text="This month").wait_for()
    visitor.until("document.querySelectorAll('.frame img').length >= 3")
    for theme in ("light", "dark"):
        visitor.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        visitor.page.screenshot(path=PICTURES / f"console-{theme}.png", full_page=True)
    visitor.page.set_viewport_size({"width": 360, "height": 740})
    visitor.page.screenshot(path=PICTURES / "console-phone.png")


def of_several(visitor: Visitor) -> None:
    """Take the list of what a table becomes."""
    visitor.page.set_viewport_size({"width": 1280, "height": 720})
    visitor.page.emulate_media(color_scheme="light")
    table = "name,picture,prompt,duration\nmonday/harbour,harbour.png,The boats leave,4\nrain,,Rain,8\nnight,,Stars,5\n"
    files: Any = [
        {"name": "films.csv", "mimeType": "text/csv", "buffer": table.encode()},
        {"name": "harbour.png", "mimeType": "image/png", "buffer": sample_picture()},
    ]
    visitor.page.set_input_files("#tablepicker", files)
    visitor.page.locator("#batchsum", has_text="2 ready").wait_for()
    visitor.page.screenshot(path=PICTURES / "console-several.png")


def of_the_command(stack: Stack, *words: str) -> None:
    """Take what a verb prints in a terminal."""
    told = {"DROPREEL_ENDPOINT_URL": stack.addresses["aws_endpoint_url"], "FORCE_COLOR": "1", "COLUMNS": "80"}
    ran = subprocess.run([*COMMAND, *words], cwd=PROJECT, env=os.environ | told, stdout=subprocess.PIPE, check=False)
    console = Console(record=True, width=80, file=StringIO())
    console.print(Text.from_ansi(ran.stdout.decode()))
    svg = console.export_svg(title=f"dropreel {words[0]}", unique_id=words[0])
    # A picture that fetches a font from elsewhere is none: the reader's own will do.
    svg = re.sub(r"<!--.*?-->\s*|@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    (PICTURES / f"{words[0]}.svg").write_text(svg.replace("Fira Code", FONT))


def main() -> None:
    """Take them all; look at each before it is kept."""
    with ExitStack() as ending:
        stack = ending.enter_context(running_stack({**QUICK, "daily_budget_usd": "40"}))
        go_on(stack)
        context = ending.enter_context(chromium()).new_context(viewport={"width": 1280, "height": 900})
        visitor = Visitor(context, stack.addresses["console_url"])
        of_the_page(visitor)
        of_several(visitor)
        stack.drop("veo-3-1-fast/tuesday/next.txt", "One more [sim:402=1000]")
        assert eventually(lambda: any(job["status"] == "HELD" for job in stack.jobs()), 30)
        (done,) = stack.manifests("veed-fabric-1-0-api-130/monday/cat")
        of_the_command(stack, "jobs")
        of_the_command(stack, "show", done["job_id"])
        of_the_command(stack, "doctor")


if __name__ == "__main__":
    main()
