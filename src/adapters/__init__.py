"""The outside of the hexagon: each package plugs one technology into the domain's ports."""
