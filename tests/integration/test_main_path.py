"""From a drop or a message to the outbox, over moto and the simulated gateways."""

from __future__ import annotations

import hashlib

from local.gateways.samples import sample_picture, sample_sound
from tests.integration.world import World


def test_picture_and_sound_in_either_order_become_one_paid_video(world: World) -> None:
    world.drop("veed-fabric/talks/cat.wav", sample_sound())
    world.take()
    (waiting,) = world.jobs()
    assert (waiting.status, waiting.missing) == ("WAITING", ("image_url",))
    world.drop("veed-fabric/talks/cat.png", sample_picture(), resolution="720p", mtime="123")
    world.settle_down(world.finished)
    manifest = world.manifest()
    assert manifest["status"] == "SUCCEEDED"
    (output,) = manifest["outputs"]
    served = world.outbox()[output["key"]]
    assert output["sha256"] == hashlib.sha256(served).hexdigest()
    assert world.gateways.media_sha256(manifest["request_id"]) == [output["sha256"]]
    assert len(world.gateways.posts) == 1
    (event,) = world.events()
    assert (event["source"], event["detail-type"], event["detail"]) == ("dropreel", "Job Succeeded", manifest)
