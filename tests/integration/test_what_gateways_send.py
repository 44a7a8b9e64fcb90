"""What gateways and media hosts send that no document shows: each job ends as it plainly should."""

from __future__ import annotations

import pytest

from tests.integration.world import World


def run(world: World, prompt: str) -> None:
    world.drop("veo-3-1-fast/film.txt", f"{prompt} a cat")
    world.settle_down(world.finished, seconds=30)


def run_by_looks(world: World, prompt: str) -> None:
    """To the end of a job whose callback is of no documented form (400), so that its watch finds out."""
    world.drop("veo-3-1-fast/film.txt", f"{prompt} a cat")
    world.take()
    job = world.job()
    world.settle_down(lambda: world.look(job).ended, seconds=30)


@pytest.mark.parametrize("marker", ["page-media=2", "packed-media", "object-output"])
def test_a_film_that_comes_in_another_way_is_delivered(world: World, marker: str) -> None:
    run(world, f"[sim:{marker}]")
    manifest = world.manifest()
    assert manifest["status"] == "SUCCEEDED"
    assert [output["sha256"] for output in manifest["outputs"]] == world.gateways.media_sha256(manifest["request_id"])
    assert world.post_count() == 1


def test_a_film_that_is_told_by_another_word_is_delivered(world: World) -> None:
    run_by_looks(world, "[sim:succeeded]")
    assert world.manifest()["status"] == "SUCCEEDED"
    assert world.post_count() == 1


def test_an_end_that_is_told_by_another_word_fails_with_the_word(world: World) -> None:
    run_by_looks(world, "[sim:cancelled]")
    assert world.manifest()["status"] == "FAILED"
    assert world.manifest()["error"] == {"code": "failed", "message": "the gateway ended it as 'CANCELLED'"}
    assert world.post_count() == 1


def test_a_page_in_the_films_place_is_never_delivered(world: World) -> None:
    world.setting(deadline_seconds=8)  # so that there is no more patience than that
    run(world, "[sim:page-media]")
    manifest = world.manifest()
    assert (manifest["status"], manifest["error"]["code"], manifest["outputs"]) == ("FAILED", "output_unavailable", [])
    assert "it begins '<!DOCTYPE html><title>Busy</title>'" in manifest["error"]["message"]
    assert list(world.outbox()) == [f"veo-3-1-fast/film-{manifest['job_id']}.json"]
    assert world.post_count() == 1


@pytest.mark.parametrize(
    ("marker", "code", "message"),
    [
        ("object-error", "failed", "The input was flagged"),
        ("422", "declined", "the gateway answered 422: image: This ratio is not supported."),
    ],
)
def test_a_bad_end_tells_why_in_plain_words_however_it_was_told(
    world: World, marker: str, code: str, message: str
) -> None:
    run(world, f"[sim:{marker}]")
    assert world.manifest()["status"] == "FAILED"
    assert world.manifest()["error"] == {"code": code, "message": message}
    assert world.post_count() == 1


def test_a_text_that_no_record_could_hold_ends_the_job_all_the_same(world: World) -> None:
    """Its callback is too large to be taken as well (413)."""
    run_by_looks(world, "[sim:long-error]")
    assert world.manifest()["error"] == {"code": "failed", "message": ("no " * 150_000)[:400]}


def test_an_end_without_an_output_ends_the_job(world: World) -> None:
    run(world, "[sim:no-output]")
    assert (world.manifest()["status"], world.manifest()["error"]["code"]) == ("FAILED", "output_unavailable")
    assert world.post_count() == 1
