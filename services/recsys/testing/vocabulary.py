"""The words of the small world: no category shares a word of its own with another, so that texts tell them apart."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    brand: str
    tags: tuple[str, str, str]
    looks: tuple[str, ...]
    things: tuple[str, ...]
    uses: tuple[str, ...]


VOCABULARY: dict[str, Words] = {
    "Books": Words(
        "Inkwell",
        ("reading", "literature", "paperback"),
        ("Haunting", "Epic", "Witty", "Tender", "Gothic"),
        ("novel", "saga", "anthology", "memoir", "thriller", "fable", "biography", "trilogy", "almanac", "poem"),
        ("chapters to read by candlelight", "prose with an unreliable narrator", "verses bound in linen"),
    ),
    "Cycling": Words(
        "Velotour",
        ("bike", "pedalling", "gravel"),
        ("Aerodynamic", "Rugged", "Tubeless", "Nimble", "Commuter"),
        ("bicycle", "saddle", "handlebar", "derailleur", "pannier", "tyre", "helmet", "jersey", "crankset", "bidon"),
        ("for climbs on alpine passes", "for riders in a peloton", "for puncture-proof commutes"),
    ),
    "Garden": Words(
        "Greenthumb",
        ("planting", "outdoor", "blossom"),
        ("Perennial", "Sprouting", "Fragrant", "Shady", "Hardy"),
        ("rose", "trellis", "spade", "wheelbarrow", "compost", "tulip", "greenhouse", "hedge", "secateurs", "fern"),
        ("grown from organic seed", "for beds of loam and mulch", "against slugs and drought"),
    ),
    "Kitchen": Words(
        "Saucier",
        ("cooking", "culinary", "baking"),
        ("Enamelled", "Nonstick", "Copper", "Seasoned", "Dishwasher-safe"),
        ("skillet", "saucepan", "whisk", "colander", "casserole", "ladle", "kettle", "mandoline", "spatula", "ramekin"),
        ("to simmer stock and stews", "to knead dough for bread", "to roast and braise"),
    ),
    "Music": Words(
        "Fortissimo",
        ("melody", "instrument", "acoustic"),
        ("Resonant", "Jazzy", "Symphonic", "Mellow", "Vintage"),
        ("guitar", "violin", "trumpet", "ukulele", "drumkit", "clarinet", "synthesizer", "banjo", "cello", "metronome"),
        ("tuned for chamber concerts", "with rhythm and reverb", "for scales and arpeggios"),
    ),
    "Space": Words(
        "Orbital",
        ("astronomy", "cosmos", "stargazing"),
        ("Lunar", "Galactic", "Stellar", "Martian", "Celestial"),
        (
            "telescope",
            "planetarium",
            "rocket",
            "sextant",
            "meteorite",
            "starchart",
            "spectroscope",
            "rover",
            "orrery",
            "globe",
        ),
        ("to watch nebulae and comets", "for eclipses over the observatory", "scaled from satellite data"),
    ),
}
