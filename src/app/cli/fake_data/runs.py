"""Fake runs: sweeps as engineers submit them, with results that follow from the parameters."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from app.cli.fake_data.entities import PROJECTS, STUDY_NAMES, Ids
from app.cli.fake_data.studies import AERODYNAMICS, NOTHING, STRENGTH, Ending, Point, Study
from domain.access.owner import Owner
from domain.repository import OwnerId
from domain.runs.artifact import Artifact
from domain.runs.run import Run
from domain.runs.status import RunStatus

CAMPAIGN = 48
"""Runs of a simulation that has some, unless there are too few simulations for all."""
SLOTS = 4
"""Runs of a campaign that the cluster executes at the same time."""
FIRST_JOB = 81_000
SHARE_DONE = 0.85
"""How far the last campaign of each owner has come."""
SHARE_CANCELLED = 0.01
_AERODYNAMIC = ("flutter", "drag")


@dataclass(slots=True)
class _Campaign:
    """A sweep that is submitted at one time; its runs start at even intervals. Times are in seconds."""

    owner: OwnerId
    simulation: UUID
    study: Study
    solver: tuple[str, str]
    project: str
    submitted: float
    interval: float
    cluster: str


def fake_runs(
    owners: Sequence[Owner], count: int, now: datetime, simulations: Ids, cluster: str = "slurm"
) -> Iterator[Run]:
    """Runs of the owners' simulations, in campaigns, as they may stand ``now``; their external ids name the cluster.

    Raises ``ValueError`` where an owner has no simulations.
    """
    chance = random.Random(count)  # noqa: S311 -- fake data; seeded, so that the same count gives the same data
    for place, owner in enumerate(owners):
        share = count // len(owners) + (place < count % len(owners))
        job = FIRST_JOB
        for campaign, size in _campaigns(
            owner.id, share, now.timestamp(), simulations.get(owner.id, ()), chance, cluster
        ):
            yield from _runs(campaign, size, now.timestamp(), job, chance)
            job += size


def _campaigns(
    owner: OwnerId, count: int, now: float, simulations: Sequence[UUID], chance: random.Random, cluster: str
) -> Iterator[tuple[_Campaign, int]]:
    """The owner's campaigns with their numbers of runs; the last one is not finished yet."""
    if count and not simulations:
        raise ValueError("The owner has no simulations that runs could be of.")
    if not count:
        return
    used = min(len(simulations), -(-count // CAMPAIGN))
    for turn in range(used):
        size = count // used + (turn < count % used)
        place = (turn + 1) * len(simulations) // used - 1  # spread over the year, the last one among them
        name = STUDY_NAMES[place % len(STUDY_NAMES)]
        study = AERODYNAMICS if name.endswith(_AERODYNAMIC) else STRENGTH
        made = (simulations[place].int >> 80) / 1000  # RFC 9562, UUID version 7
        submitted = made + (now - made) * 0.01
        interval = min(study.minutes * 60 / SLOTS, (now - submitted) / (size + 2 * SLOTS))
        if turn == used - 1:
            submitted = now - size * SHARE_DONE * interval
        campaign = _Campaign(
            owner=owner,
            simulation=simulations[place],
            study=study,
            solver=chance.choice(study.solvers),
            project=PROJECTS[place % len(PROJECTS)],
            submitted=submitted,
            interval=interval,
            cluster=cluster,
        )
        yield campaign, size


def _runs(campaign: _Campaign, size: int, now: float, job: int, chance: random.Random) -> Iterator[Run]:
    """The runs of a sweep; one that diverges is followed by another that continues it with more damping."""
    study, step = campaign.study, 0
    diverged: tuple[Run, Point, float] | None = None
    for number in range(size):
        start = campaign.submitted + number * campaign.interval
        if diverged is None:
            parent, point = None, study.point(step, chance)
            step += 1
            created = campaign.submitted + number * 0.05
        else:
            parent, point = diverged[0].id, study.damped(diverged[1], chance)
            created = diverged[2] + min(300, (now - diverged[2]) / 2)
        started = max(created, start) + 20
        finished = started + campaign.interval * SLOTS * point.effort * (0.9 + 0.2 * chance.random())
        run = _run(campaign, point, job + number, (created, started, finished), now, chance, parent)
        yield run
        ended = finished <= now
        diverged = (run, point, finished) if ended and point.diverges and parent is None else None


def _run(
    campaign: _Campaign,
    point: Point,
    job: int,
    times: tuple[float, float, float],
    now: float,
    chance: random.Random,
    parent: UUID | None,
) -> Run:
    created, started, finished = times
    made = updated = datetime.fromtimestamp(created, UTC)
    status, begun, ended, ending = RunStatus.QUEUED, None, None, NOTHING
    if started <= now:
        status, begun = RunStatus.RUNNING, datetime.fromtimestamp(started, UTC)
        updated = begun
    if finished <= now:
        ending = campaign.study.ending(point, chance)
        status = RunStatus.FAILED if ending.failure else RunStatus.SUCCEEDED
        if not ending.failure and chance.random() < SHARE_CANCELLED:
            status, ending = RunStatus.CANCELLED, Ending({}, "cancelled: superseded by a finer mesh")
        updated = ended = datetime.fromtimestamp(finished, UTC)
    return Run(
        id=uuid7(nanoseconds=int(created * 1e9)),
        owner_id=campaign.owner,
        simulation_id=campaign.simulation,
        name=point.name,
        status=status,
        status_reason=ending.failure,
        started_at=begun,
        finished_at=ended,
        solver=campaign.solver[0],
        solver_version=campaign.solver[1],
        external_id=f"{campaign.cluster}-{job}",
        parent_id=parent,
        labels={"project": campaign.project, "mesh": point.mesh, "study": campaign.study.name},
        parameters=point.parameters,
        results=ending.results,
        artifacts=_artifacts(job, status, chance) if begun else (),
        created_by="operator",
        created_at=made,
        updated_at=updated,
    )


def _artifacts(job: int, status: RunStatus, chance: random.Random) -> tuple[Artifact, ...]:
    """The log of a run that has begun, and the fields of one that has succeeded."""
    size = int(chance.random() * 80_000) + 4_000
    log = Artifact(name="log", uri=f"s3://campaigns/{job}/log.txt", media_type="text/plain", bytes=size)
    if status is not RunStatus.SUCCEEDED:
        return (log,)
    digest = f"{chance.getrandbits(256):064x}"
    return log, Artifact(name="fields", uri=f"s3://campaigns/{job}/fields.vtu", bytes=size * 8_000, sha256=digest)
