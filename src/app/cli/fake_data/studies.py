"""Fake studies: what is varied, and simple formulas of the results: thin aerofoils, and beams in bending."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import log10, pi, radians, sin

from domain.quantities import Quantity

Quantities = Mapping[str, Quantity]
DIVERGENCE = 0.02
"""The share of runs that diverge for no visible reason."""
MESHES = ("coarse", "medium", "fine")


@dataclass(frozen=True, slots=True)
class Point:
    """One combination of parameters; ``effort`` is its duration relative to the study's ``minutes``."""

    name: str
    mesh: str
    effort: float
    parameters: Quantities
    diverges: bool


@dataclass(frozen=True, slots=True)
class Ending:
    """What a run ends with; ``failure`` says why it did not succeed."""

    results: Quantities
    failure: str | None = None


NOTHING = Ending({})


@dataclass(frozen=True, slots=True)
class Study:
    """A kind of sweep: ``point`` are its parameters by number, ``ending`` computes the results."""

    name: str
    solvers: tuple[tuple[str, str], ...]
    minutes: float
    point: Callable[[int, random.Random], Point]
    ending: Callable[[Point, random.Random], Ending]

    @staticmethod
    def damped(point: Point, chance: random.Random) -> Point:
        """The same combination with more damping, which usually converges."""
        parameters = {**point.parameters, "relaxation": Quantity(0.3)}
        return replace(
            point, name=f"{point.name}, restarted", parameters=parameters, diverges=chance.random() < DIVERGENCE
        )


def _rounded(value: float, digits: int = 4) -> float:
    return float(f"{value:.{digits}g}")


_ANGLES = tuple(Quantity(alpha, "deg") for alpha in range(-4, 18, 2))
_LEVELS = tuple(Quantity(level) for level in (1, 2, 3))
_MODELS = tuple(Quantity(model) for model in ("k-omega SST", "Spalart-Allmaras"))
_VELOCITY = Quantity(68.0, "m/s")
_DENSITY = Quantity(1.225, "kg/m^3")
_RELAXATION = Quantity(0.7)
_STALL = 13


def _aerodynamic_point(step: int, chance: random.Random) -> Point:
    rest, angle = divmod(step, len(_ANGLES))
    rest, level = divmod(rest, len(_LEVELS))
    rest, model = divmod(rest, len(_MODELS))
    alpha = int(_ANGLES[angle].value)
    return Point(
        name=f"mesh {level + 1}, {alpha} degrees",
        mesh=MESHES[level],
        effort=(0.4, 1.0, 2.2)[level],
        parameters={
            "alpha": _ANGLES[angle],
            "reynolds": Quantity(500_000 * (rest + 2)),
            "mesh_level": _LEVELS[level],
            "turbulence_model": _MODELS[model],
            "velocity": _VELOCITY,
            "density": _DENSITY,
            "relaxation": _RELAXATION,
        },
        diverges=chance.random() < (0.25 if alpha > _STALL else DIVERGENCE),
    )


def _aerodynamic_ending(point: Point, chance: random.Random) -> Ending:
    """Lift grows with the angle until the flow separates; friction falls with the Reynolds number."""
    if point.diverges:
        iteration = chance.randrange(60, 900)
        results = {
            "residual": Quantity(_rounded(10 ** (3 + 5 * chance.random()))),
            "iterations": Quantity(iteration),
            "converged": Quantity(False),
        }
        return Ending(results, f"diverged at iteration {iteration}")
    alpha, reynolds, level = (float(point.parameters[name].value) for name in ("alpha", "reynolds", "mesh_level"))
    error = 1 + 0.06 * 0.5**level + 0.004 * (chance.random() - 0.5)
    separated = max(alpha - _STALL, 0.0)
    lift = 2 * pi * 0.82 * sin(radians(alpha + 2.1)) * error - 0.11 * separated
    drag = (0.074 / reynolds**0.2 + 0.021 * lift**2 + 0.02 * separated) * error
    residual = 10 ** (-4.6 - 0.9 * level * chance.random() - 0.2 * (alpha < _STALL))
    return Ending(
        {
            "cl": Quantity(_rounded(lift)),
            "cd": Quantity(_rounded(drag)),
            "cm": Quantity(_rounded(-0.052 - 0.004 * alpha + 0.012 * separated)),
            "lift_to_drag": Quantity(_rounded(lift / drag)),
            "residual": Quantity(_rounded(residual)),
            "iterations": Quantity(int(-420 * log10(residual) * (1 + 0.2 * chance.random()))),
            "converged": Quantity(residual < 1e-4),  # noqa: PLR2004 -- the usual bound
        }
    )


# name, Young's modulus in GPa, yield strength in MPa, density in kg/m³
_MATERIALS = (
    (Quantity("Al 7075-T6"), 71.7, 503.0, 2810.0),
    (Quantity("Ti-6Al-4V"), 113.8, 880.0, 4430.0),
    (Quantity("S355"), 210.0, 355.0, 7850.0),
)
_BY_MATERIAL = {name.value: figures for name, *figures in _MATERIALS}
_SIZES = tuple(Quantity(size, "mm") for size in (8.0, 4.0, 2.0))
_LOADS = tuple(Quantity(load, "kN") for load in range(5, 65, 5))
_ELEMENT = Quantity("C3D10")
_LENGTH, _WIDTH = 1200.0, 160.0
"""Of the beam, in mm."""


def _strength_point(step: int, chance: random.Random) -> Point:
    rest, load = divmod(step, len(_LOADS))
    rest, size = divmod(rest, len(_SIZES))
    rest, material = divmod(rest, len(_MATERIALS))
    height = 80.0 + 5 * rest
    return Point(
        name=f"{_MATERIALS[material][0].value}, {_LOADS[load].value} kN, {_SIZES[size].value:g} mm",
        mesh=MESHES[size],
        effort=(0.3, 1.0, 2.5)[size],
        parameters={
            "load": _LOADS[load],
            "material": _MATERIALS[material][0],
            "element_size": _SIZES[size],
            "element_type": _ELEMENT,
            "height": Quantity(height, "mm"),
            "large_deformations": Quantity(bool(load % 2)),
        },
        diverges=chance.random() < DIVERGENCE,
    )


def _strength_ending(point: Point, chance: random.Random) -> Ending:
    """A cantilever with a load at its end: stress and deflection grow with the load."""
    load, size, height = (float(point.parameters[name].value) for name in ("load", "element_size", "height"))
    modulus, strength, density = _BY_MATERIAL[point.parameters["material"].value]
    error = 1 - 0.012 * size / 8 + 0.004 * (chance.random() - 0.5)
    stress = 6 * load * 1000 * _LENGTH / (_WIDTH * height**2) * error
    elements = Quantity(int(6 * _LENGTH * _WIDTH * height / size**3))
    if point.diverges or stress > 1.15 * strength:
        increment = chance.randrange(3, 40)
        reason = f"diverged at iteration {increment * 12}" if point.diverges else "excessive distortion"
        results = {"elements": elements, "converged": Quantity(False)}
        return Ending(results, reason if point.diverges else f"{reason} at increment {increment}")
    deflection = 4 * load * _LENGTH**3 / (modulus * _WIDTH * height**3) * error
    return Ending(
        {
            "max_stress": Quantity(_rounded(stress), "MPa"),
            "displacement": Quantity(_rounded(deflection), "mm"),
            "safety_factor": Quantity(_rounded(strength / stress)),
            "mass": Quantity(_rounded(density * _LENGTH * _WIDTH * height * 1e-9), "kg"),
            "elements": elements,
            "converged": Quantity(True),
        }
    )


AERODYNAMICS = Study(
    "aerodynamics",
    (("OpenFOAM", "v2512"), ("OpenFOAM", "v2606"), ("SU2", "8.2.0"), ("Fluent", "2026 R1")),
    50,
    _aerodynamic_point,
    _aerodynamic_ending,
)
STRENGTH = Study(
    "strength",
    (("CalculiX", "2.22"), ("code_aster", "17.3"), ("Abaqus", "2026")),
    25,
    _strength_point,
    _strength_ending,
)
