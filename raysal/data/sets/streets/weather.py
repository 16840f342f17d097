"""Kinds of weather in the street scenes."""

from __future__ import annotations

from dataclasses import dataclass

from raysal.data.sets.streets.types import RGB


@dataclass(frozen=True)
class Weather:
    """What is typical of one kind of weather; scenes vary it. See `Light` for the fields."""

    zenith: RGB
    skyline: RGB
    clouds: float
    haze: float
    ambient: float
    direct: float
    reach: float
    shadow: float
    gain: RGB
    contrast: float
    saturation: float
    wet: float
    noise: float


# Columns: zenith, skyline, clouds, haze, ambient, direct, reach, shadow; then gain, contrast,
# saturation, wet, noise.
WEATHERS: dict[str, Weather] = {
    "noon": Weather((88, 138, 212), (202, 220, 238), 0.7, 0.0012, 0.62, 0.50, 0.6, 0.52,
                    (1.06, 1.04, 1.0), 1.12, 1.12, 0.0, 5.0),
    "bright": Weather((206, 216, 228), (242, 244, 246), 0.2, 0.002, 0.72, 0.28, 0.6, 0.28,
                      (1.04, 1.03, 1.0), 1.15, 1.0, 0.0, 5.0),
    "overcast": Weather((182, 187, 193), (220, 222, 224), 0.25, 0.002, 0.82, 0.1, 0.3, 0.12,
                        (0.94, 0.96, 1.0), 0.95, 0.85, 0.0, 6.0),
    "low sun": Weather((128, 156, 200), (246, 222, 176), 0.5, 0.004, 0.52, 0.62, 2.4, 0.48,
                       (1.09, 0.97, 0.83), 1.12, 1.05, 0.0, 6.0),
    "dusk": Weather((72, 80, 124), (206, 156, 138), 0.5, 0.003, 0.8, 0.12, 0.5, 0.15,
                    (0.70, 0.65, 0.72), 1.05, 0.9, 0.0, 9.0),
    "evening": Weather((50, 68, 118), (150, 164, 190), 0.3, 0.003, 0.8, 0.08, 0.5, 0.12,
                       (0.60, 0.64, 0.75), 1.05, 0.85, 0.0, 10.0),
    "rain": Weather((128, 133, 140), (172, 175, 180), 0.35, 0.006, 0.78, 0.05, 0.3, 0.1,
                    (0.72, 0.74, 0.78), 0.98, 0.8, 0.45, 8.0),
    "fog": Weather((200, 203, 206), (208, 210, 212), 0.05, 0.022, 0.85, 0.02, 0.3, 0.08,
                   (0.92, 0.93, 0.95), 0.88, 0.75, 0.1, 6.0),
}  # fmt: skip
LIKELY = (
    *("noon",) * 6, *("bright",) * 4, *("overcast",) * 6, *("low sun",) * 3, "dusk", "evening",
    *("rain",) * 3, *("fog",) * 2,
)  # fmt: skip
"""Kinds to pick from, each as many times as it is likely."""
LATE = ("dusk", "evening")
