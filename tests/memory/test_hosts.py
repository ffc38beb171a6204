"""Under which Host headers the service responds."""

import pytest

from adapters.in_memory.storage import Storage
from tests.contracts.http_service import serving

ASKED = {
    **dict.fromkeys(
        ("sim.example", "SIM.example", "sim.example:8000", "sim.example.", "sim.example.:80"), "sim.example"
    ),
    **dict.fromkeys(("[::1]", "[::1]:80", "[0:0::1]"), "[::1]"),
    "a.sim.example": "a.sim.example",
    "a.b.sim.example": "a.b.sim.example",
    "evilsim.example": "evilsim.example",
    "sim.example.evil": "sim.example.evil",
    "[::2]": "[::2]",
}
"""Host headers, and which host each means."""
BELOW = {"a.sim.example", "a.b.sim.example"}


@pytest.mark.parametrize(
    ("allowed", "hosts"),
    [
        ("sim.example", {"sim.example"}),
        ("Sim.Example", {"sim.example"}),
        (".Sim.Example", {"sim.example"} | BELOW),
        ("*.sim.example", BELOW),
        ("[0::1],a.SIM.example", {"[::1]", "a.sim.example"}),
        ("*", {*ASKED.values()}),
    ],
)
def test_hosts_are_compared_as_names(allowed: str, hosts: set[str]) -> None:
    with serving(Storage(), allowed_hosts=allowed) as service:
        for asked, meant in ASKED.items():
            answer = service.http.get("/problems/not-found", headers={"Host": asked})
            assert answer.status_code == (200 if meant in hosts else 400), asked


@pytest.mark.parametrize("url", ["https://Sim.example:8443/", "http://sim.example"])
def test_the_host_of_the_public_url_is_allowed(url: str) -> None:
    with serving(Storage(), public_url=url) as service:
        for host, status in {"sim.example": 200, "sim.example:8443": 200, "localhost": 200, "b.example": 400}.items():
            assert service.http.get("/problems/not-found", headers={"Host": host}).status_code == status
        assert service.http.get("/openapi.json").json()["servers"] == [{"url": url.lower().rstrip("/")}]
