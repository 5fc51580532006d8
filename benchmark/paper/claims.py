"""What the paper claims, as numbers: its text is the only source, its figures give no values."""

from __future__ import annotations

#: Sec. V: "improve the average utility by up to 11.5 % compared with four benchmarking methods".
UTILITY_PERCENT = 11.5
#: Sec. V, Fig. 7: "for VGG-16 … reduces the average E2E latency by up to".
VGG_LATENCY_PERCENT = {"dads+ta": 1.6, "dads+bs": 10.5, "eo+ta": 25.8, "eo+bs": 37.3}
#: Sec. V, Fig. 8: "reduces average energy consumption by up to".
ENERGY_PERCENT = {"dads+ta": 12.7, "dads+bs": 17.9, "eo+ta": 27.7, "eo+bs": 38.5}

VGG = "vgg16_bn"
#: Uplinks of the paper's suites, by the suffix of their names.
NETWORKS = {"wifi": "WiFi", "5g": "5G"}
#: Beginnings of the suites' names, and the source of the machines' numbers in each.
READINGS = {"paper": "public profiles", "paper-calibrated": "fitted to the paper"}


def suite_of(reading: str, network: str) -> str:
    """Return the suite of a reading (`paper`) and a network (`wifi`)."""
    return f"{reading}-{network}"
