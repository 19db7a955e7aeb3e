"""The jobs this worker holds, by the claim that lets it work on them: a claim that is lost takes its jobs along."""

from collections.abc import Iterator

from services.notifier.job import Job
from services.runtime.ownership import Ownership


class HeldJobs:
    """Jobs by claim. A job is worked on only while it is held."""

    def __init__(self) -> None:
        self._by_claim: dict[Ownership, dict[str, Job]] = {}

    def claim(self, owned: Ownership) -> None:
        """Begin to hold jobs of a partition; an older claim of the same partition ends."""
        for older in [each for each in self._by_claim if each.name == owned.name and each != owned]:
            self.lose(older)
        self._by_claim.setdefault(owned, {})

    def lose(self, owned: Ownership) -> None:
        """Drop the jobs of a claim, and what they wait for."""
        for job in self._by_claim.pop(owned, {}).values():
            _quiet(job)

    def add(self, job: Job) -> bool:
        """Hold a job; return False when its claim is gone or the same notification is held already."""
        jobs = self._by_claim.get(job.owned)
        if jobs is None or job.id in jobs:
            return False
        jobs[job.id] = job
        return True

    def forget(self, owned: Ownership, notification_id: str) -> None:
        """Let go of a job that is not to be done, if it is held under this claim."""
        job = self._by_claim.get(owned, {}).pop(notification_id, None)
        if job is not None:
            _quiet(job)

    def drop(self, job: Job) -> None:
        """Let go of a job that is finished."""
        if job in self:
            del self._by_claim[job.owned][job.id]
            _quiet(job)

    def __contains__(self, job: Job) -> bool:
        return self._by_claim.get(job.owned, {}).get(job.id) is job

    def __len__(self) -> int:
        return sum(map(len, self._by_claim.values()))

    def __iter__(self) -> Iterator[Job]:
        return (job for jobs in self._by_claim.values() for job in jobs.values())

    def clear(self) -> None:
        """Drop every claim."""
        for owned in list(self._by_claim):
            self.lose(owned)


def _quiet(job: Job) -> None:
    for timer in (job.timer, job.late_timer):
        if timer is not None:
            timer.cancel()
    job.timer = job.late_timer = None
