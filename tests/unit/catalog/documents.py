"""The documents' parameter tables, examples and price lists, typed out from them: nothing here is from the catalog."""

from __future__ import annotations

from typing import NamedTuple

CAT = "https://example.com/cat.png"
SONG = "https://example.com/song.mp3"
CLIP = "s3://inbox/clip.mp4"


class Parameter(NamedTuple):
    """One row of a document's table."""

    required: bool
    default: object
    allowed: list[tuple[object, object]]  # what people write, what is sent
    disallowed: object


class Document(NamedTuple):
    """One model's document."""

    alias: str | None
    gateway: str
    endpoint: str
    minimal: dict[str, object]
    sent: dict[str, object]
    price: str | None
    example: dict[str, object]  # the document's own fullest request
    parameters: dict[str, Parameter]


def words(*values: str) -> list[tuple[object, object]]:
    return [(value, value) for value in values]


def lengths(*values: int, form: str = "{}") -> list[tuple[object, object]]:
    sent: list[object] = [form.format(value) if form != "{}" else value for value in values]
    written: list[list[object]] = [[value, str(value), f"{value}s", float(value)] for value in values]
    return [(one, wire) for forms, wire in zip(written, sent, strict=True) for one in forms]


FLAGS: list[tuple[object, object]] = [(True, True), (False, False), ("true", True), ("False", False), ("TRUE", True)]
WHOLES: list[tuple[object, object]] = [(42, 42), ("42", 42), (42.0, 42), (0, 0), (-1, -1)]
ONE: list[tuple[object, object]] = [(CAT, CAT), ("s3://inbox/a b.png", "s3://inbox/a b.png")]

PROMPT = Parameter(True, None, words("A cat", "x" * 20_000), "x" * 20_001)
NEGATIVE = Parameter(False, None, words("blurry", ""), 5)
IMAGE = Parameter(True, None, ONE, "data:image/png;base64,aGk=")
SOUND = Parameter(True, None, [(SONG, SONG)], "ftp://example.com/song.mp3")
VIDEO = Parameter(True, None, [(CLIP, CLIP)], "/home/clip.mp4")
FRAME = Parameter(False, None, ONE, [CAT])
SEED = Parameter(False, None, WHOLES, 1.5)
AUDIO_ON = Parameter(False, True, FLAGS, "yes")
SWITCH = Parameter(False, False, FLAGS, 1)
VEO_ASPECT = Parameter(False, "16:9", words("16:9", "9:16"), "1:1")
VEO_LENGTH = Parameter(False, 8, lengths(4, 6, 8), 5)
VEO_RESOLUTION = Parameter(False, "720p", words("720p", "1080p"), "4k")
STYLE = Parameter(False, None, words("anime", "3d_animation", "clay", "comic", "cyberpunk"), "noir")
THINKING = Parameter(False, None, words("enabled", "disabled", "auto"), "on")
PIX_LENGTH = Parameter(False, 5, lengths(*range(1, 16)), 16)
PIX_RESOLUTION = Parameter(False, "720p", words("360p", "540p", "720p", "1080p"), "480p")
PIX_ASPECT = Parameter(False, "16:9", words("16:9", "4:3", "1:1", "3:4", "9:16", "2:3", "3:2", "21:9"), "5:4")
BACKGROUNDS = "transparent black white green blue magenta custom"
OUTPUTS = "webm_vp9 mp4_h264 mp4_h265 mov_proresks mov_h265 mkv_h264 mkv_h265 mkv_vp9 gif"
#: PixVerse V6's; C1's says the same of another address.
PIX_TEXT_DOCUMENT = Document(
    alias=None,
    gateway="pixazo",
    endpoint="/pixverse-v6-text-to-video/v1/pixverse-v6-text-to-video-request",
    minimal={"prompt": "A cat"},
    sent={"prompt": "A cat"},
    price=None,
    example={
        "prompt": "A cat sitting by a window",
        "negative_prompt": "blurry, low quality, pixelated",
        "aspect_ratio": "16:9",
        "resolution": "720p",
        "duration": 5,
        "style": "cyberpunk",
        "generate_audio_switch": True,
    },
    parameters={
        "prompt": PROMPT,
        "negative_prompt": Parameter(False, "", words("blurry", ""), 5),
        "aspect_ratio": PIX_ASPECT,
        "resolution": PIX_RESOLUTION,
        "duration": PIX_LENGTH,
        "style": STYLE,
        "seed": SEED,
        "generate_audio_switch": SWITCH,
        "generate_multi_clip_switch": SWITCH,
        "thinking_type": THINKING,
    },
)

DOCUMENTS: dict[str, Document] = {
    "veed-fabric-1-0-api-130": Document(
        alias="veed-fabric",
        gateway="pixazo",
        endpoint="/veed-fabric-1-0-api-130/v1/veed-fabric-1-0-api-request",
        minimal={"image-url": CAT, "audio-url": SONG},
        sent={"image_url": CAT, "audio_url": SONG},
        price=None,
        example={"image_url": CAT, "audio_url": SONG, "resolution": "720p"},
        parameters={
            "image_url": IMAGE,
            "audio_url": SOUND,
            "resolution": Parameter(False, "720p", words("720p", "1080p"), "480p"),
        },
    ),
    "veed-video-background-remover-541": Document(
        alias="veed-background-remover",
        gateway="pixazo",
        endpoint="/veed-video-background-remover-541/v1/veed-video-background-remover-request",
        minimal={"video_url": CLIP},
        sent={"video_url": CLIP},
        price=None,
        example={
            "video_url": CLIP,
            "output_codec": "vp9",
            "refine_foreground_edges": True,
            "subject_is_person": True,
        },
        parameters={
            "video_url": VIDEO,
            "output_codec": Parameter(False, "vp9", words("vp9", "h264", "h265"), "av1"),
            "refine_foreground_edges": Parameter(False, True, FLAGS, "on"),
            "subject_is_person": Parameter(False, True, FLAGS, 0),
        },
    ),
    "veo-3-1-fast": Document(
        alias=None,
        gateway="pixazo",
        endpoint="/veo31f/v1/veo-3.1-fast/generate",
        minimal={"prompt": "A cat"},
        sent={"prompt": "A cat"},
        price="1.20",
        example={
            "prompt": "A snow-covered tree",
            "image": CAT,
            "last_frame": CAT,
            "duration": 8,
            "aspect_ratio": "16:9",
            "resolution": "1080p",
            "negative_prompt": "blurry",
            "generate_audio": True,
            "seed": 42,
        },
        parameters={
            "prompt": PROMPT,
            "image": FRAME,
            "last_frame": FRAME,
            "duration": VEO_LENGTH,
            "aspect_ratio": VEO_ASPECT,
            "resolution": VEO_RESOLUTION,
            "negative_prompt": NEGATIVE,
            "generate_audio": AUDIO_ON,
            "seed": SEED,
        },
    ),
    "veo-3-1-fast-reference-to-video": Document(
        alias="veo-3-1-fast-reference",
        gateway="pixazo",
        endpoint="/veo-3-1-fast-reference-to-video/v1/veo-3-1-fast-reference-to-video-request",
        minimal={"prompt": "A chimpanzee", "image_urls": [CAT]},
        sent={"prompt": "A chimpanzee", "image_urls": [CAT]},
        price="1.20",
        example={
            "prompt": "A chimpanzee",
            "image_urls": [CAT, CAT, CAT],
            "aspect_ratio": "16:9",
            "duration": "8s",
            "resolution": "720p",
            "generate_audio": True,
            "safety_tolerance": "4",
        },
        parameters={
            "prompt": PROMPT,
            "image_urls": Parameter(True, None, [([CAT], [CAT]), ([CAT] * 10, [CAT] * 10)], [CAT] * 11),
            "aspect_ratio": VEO_ASPECT,
            "duration": Parameter(False, 8, lengths(*range(4, 17), form="{}s"), "17s"),
            "resolution": Parameter(False, "720p", words("720p", "1080p", "4k"), "2160p"),
            "generate_audio": AUDIO_ON,
            "auto_fix": Parameter(False, None, FLAGS, "maybe"),
            "safety_tolerance": Parameter(
                False,
                "4",
                [pair for number in range(1, 7) for pair in ((number, str(number)), (str(number), str(number)))],
                7,
            ),
        },
    ),
    "veo-3-1": Document(
        alias=None,
        gateway="pixazo",
        endpoint="/veo/v1/veo-3.1/generate",
        minimal={"prompt": "A serene lake", "duration": "8s"},
        sent={"prompt": "A serene lake", "duration": 8},
        price="3.60",
        example={
            "prompt": "A serene lake",
            "aspect_ratio": "16:9",
            "duration": 8,
            "resolution": "1080p",
            "generate_audio": True,
            "negative_prompt": "blur, distortion, low quality",
        },
        parameters={
            "prompt": PROMPT,
            "aspect_ratio": VEO_ASPECT,
            "duration": VEO_LENGTH,
            "resolution": VEO_RESOLUTION,
            "generate_audio": AUDIO_ON,
            "negative_prompt": NEGATIVE,
            "image": FRAME,
            "last_frame": FRAME,
            "reference_images": Parameter(False, None, [([CAT], [CAT]), ([CAT] * 3, [CAT] * 3)], [CAT] * 4),
            "seed": SEED,
        },
    ),
    "pixelcut-video-background-removal": Document(
        alias="pixelcut-background-removal",
        gateway="pixazo",
        endpoint="/pixelcut-video-background-removal/v1/pixelcut-video-background-removal-request",
        minimal={"video_url": CLIP},
        sent={"video_url": CLIP},
        price=None,
        example={"video_url": CLIP, "background": "transparent", "output_format": "webm_vp9"},
        parameters={
            "video_url": VIDEO,
            "background": Parameter(False, "transparent", words(*BACKGROUNDS.split()), "red"),
            "background_color": Parameter(
                False,
                None,
                [
                    ({"r": 0, "g": 128, "b": 255}, {"r": 0, "g": 128, "b": 255}),
                    ('{"b": 255, "g": 128, "r": 0}', {"r": 0, "g": 128, "b": 255}),
                ],
                {"r": 0, "g": 128, "b": 256},
            ),
            "output_format": Parameter(False, "webm_vp9", words(*OUTPUTS.split()), "mp4"),
        },
    ),
    "pixverse-v6-text-to-video": PIX_TEXT_DOCUMENT,
    "pixverse-v6-image-to-video": Document(
        alias=None,
        gateway="pixazo",
        endpoint="/pixverse-v6-image-to-video/v1/pixverse-v6-image-to-video-request",
        minimal={"prompt": "Snow", "image_url": CAT},
        sent={"prompt": "Snow", "image_url": CAT},
        price="0.225",
        example={
            "prompt": "Snow",
            "resolution": "720p",
            "duration": 5,
            "negative_prompt": "blurry, low quality",
            "image_url": CAT,
        },
        parameters={
            "prompt": PROMPT,
            "resolution": Parameter(False, "720p", words("360p", "480p", "720p", "1080p"), "540p"),
            "duration": PIX_LENGTH,
            "negative_prompt": NEGATIVE,
            "image_url": IMAGE,
            "style": STYLE,
            "seed": SEED,
            "generate_audio_switch": SWITCH,
            "generate_multi_clip_switch": SWITCH,
            "thinking_type": THINKING._replace(default="auto"),
        },
    ),
    "pixverse-c1-text-to-video": PIX_TEXT_DOCUMENT._replace(
        endpoint="/pixverse-c1-text-to-video/v1/pixverse-c1-text-to-video-request"
    ),
    "pixverse-c1-image-to-video": Document(
        alias=None,
        gateway="pixazo",
        endpoint="/pixverse-c1-image-to-video/v1/pixverse-c1-image-to-video-request",
        minimal={"prompt": "A warrior", "image_url": CAT},
        sent={"prompt": "A warrior", "image_url": CAT},
        price=None,
        example={
            "prompt": "A warrior",
            "image_url": CAT,
            "resolution": "720p",
            "duration": 5,
            "generate_audio_switch": True,
        },
        parameters={
            "prompt": PROMPT,
            "image_url": IMAGE,
            "resolution": PIX_RESOLUTION,
            "duration": PIX_LENGTH,
            "seed": SEED,
            "generate_audio_switch": SWITCH,
        },
    ),
    "pixverse": Document(
        alias="pixverse-v5-6-text-to-video",
        gateway="pixazo",
        endpoint="/pixverse/v1/pixverse-request",
        minimal={"prompt": "A sunset", "aspect-ratio": "16:9", "resolution": "720p", "duration": "5"},
        sent={"prompt": "A sunset", "aspect_ratio": "16:9", "resolution": "720p", "duration": 5},
        price=None,
        example={
            "prompt": "A sunset",
            "aspect_ratio": "16:9",
            "resolution": "720p",
            "duration": 5,
            "negative_prompt": "blurry",
        },
        parameters={
            "prompt": PROMPT,
            "aspect_ratio": Parameter(True, None, words("16:9", "9:16", "1:1", "4:3", "3:4"), "21:9"),
            "resolution": Parameter(True, None, words("720p", "1080p", "2160p"), "4k"),
            "duration": Parameter(True, None, lengths(3, 5, 7, 10), 4),
            "negative_prompt": NEGATIVE,
        },
    ),
    "pixverse-i2v": Document(
        alias="pixverse-v5-6-image-to-video",
        gateway="pixazo",
        endpoint="/pixverse-i2v/v1/pixverse-i2v-request",
        minimal={"prompt": "A dragon", "image_url": CAT, "resolution": "720p", "duration": 5},
        sent={"prompt": "A dragon", "image_url": CAT, "resolution": "720p", "duration": "5"},
        price=None,
        example={
            "prompt": "A dragon",
            "resolution": "720p",
            "duration": "5",
            "negative_prompt": "blurry",
            "image_url": CAT,
        },
        parameters={
            "prompt": PROMPT,
            "resolution": Parameter(True, None, words("720p", "1080p"), "2160p"),
            "duration": Parameter(True, None, lengths(5, 10, form="{:d}"), 8),
            "negative_prompt": NEGATIVE,
            "image_url": IMAGE,
        },
    ),
    "aimlapi-veed-fabric-1-0": Document(
        alias="aimlapi-veed-fabric",
        gateway="aimlapi",
        endpoint="veed/fabric-1.0",
        minimal={"image_url": CAT, "audio_url": SONG},
        sent={"image_url": CAT, "audio_url": SONG},
        price=None,
        example={"image_url": CAT, "audio_url": SONG, "resolution": "720p"},
        parameters={
            "image_url": IMAGE,
            "audio_url": SOUND,
            "resolution": Parameter(False, None, words("480p", "720p"), "1080p"),
        },
    ),
}

# What a document names, where that is not all that dropreel knows of the kind.
FORMATS = {
    ("veed-fabric-1-0-api-130", "image_url"): {"png", "jpg", "jpeg"},
    ("pixverse-v6-image-to-video", "image_url"): {"jpg", "jpeg", "png", "webp"},
}

# (model, kind, role) and the field that takes such a file; any other combination is taken by none.
PLACES: dict[tuple[str, str, str | None], str] = {
    ("veed-fabric-1-0-api-130", "image", None): "image_url",
    ("veed-fabric-1-0-api-130", "audio", None): "audio_url",
    ("veed-video-background-remover-541", "video", None): "video_url",
    ("veo-3-1-fast", "image", None): "image",
    ("veo-3-1-fast", "image", "last"): "last_frame",
    ("veo-3-1-fast-reference-to-video", "image", None): "image_urls",
    **{("veo-3-1-fast-reference-to-video", "image", role): "image_urls" for role in "123456789"},
    ("veo-3-1", "image", None): "image",
    ("veo-3-1", "image", "last"): "last_frame",
    **{("veo-3-1", "image", role): "reference_images" for role in "123456789"},
    ("pixelcut-video-background-removal", "video", None): "video_url",
    ("pixverse-v6-image-to-video", "image", None): "image_url",
    ("pixverse-c1-image-to-video", "image", None): "image_url",
    ("pixverse-i2v", "image", None): "image_url",
    ("aimlapi-veed-fabric-1-0", "image", None): "image_url",
    ("aimlapi-veed-fabric-1-0", "audio", None): "audio_url",
}
