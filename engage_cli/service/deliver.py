"""`deliver`: hand the messages of runs to those who send them.

Blocks nobody: messages are in the folders of runs, consents in the sources, bounces known by the published copy of the state, and what
became of each message is in the log.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct

from engage_cli.definitions.project import Project
from engage_cli.definitions.sending import MessagesDestination, Webhook
from engage_cli.delivery.answers import Courier
from engage_cli.delivery.couriers import courier_maker, pacer_of, requests_of
from engage_cli.delivery.feeding import Asking, Fed, feed
from engage_cli.delivery.log import Fate, Log, Readings, log_lock, log_path, open_log, open_readings
from engage_cli.delivery.pace import Pacer
from engage_cli.delivery.permission import Permission
from engage_cli.delivery.request_files import RequestFiles, Requests, recover_files, write_requests
from engage_cli.delivery.runs import MessageFile, RunMessages, find_run, messages_of, not_jsonl, runs_with_messages
from engage_cli.delivery.work import Handing, Standing, Workers, stopped_error
from engage_cli.engine.base import Engine
from engage_cli.errors import EngageError, UsageError
from engage_cli.journeys.outcomes import make_outcomes, suppress_by_outcomes
from engage_cli.messaging.headers import list_unsubscribe
from engage_cli.messaging.message import MARKETING, Message
from engage_cli.messaging.problems import RenderError
from engage_cli.messaging.providers.request import ProviderError
from engage_cli.messaging.unsubscribe import Subscription, keys_of, sign
from engage_cli.plan.instants import seconds_of
from engage_cli.plan.needs import Column, Reading
from engage_cli.plan.outcomes import with_outcomes
from engage_cli.records import replace
from engage_cli.service.clock import resolve_as_of, started_at
from engage_cli.service.forgotten import is_forgotten
from engage_cli.service.progress import Progress, Stage
from engage_cli.service.results.common import DataReport
from engage_cli.service.results.delivery import ChannelDelivery, DeliveryFailure, DeliveryResult
from engage_cli.service.traits import plan_traits
from engage_cli.service.workspace import engine_for, load, report_of, stage
from engage_cli.state.lock import hold_lock
from engage_cli.state.store import open_published

COMMAND = "deliver"
_SHOWN = 10
"""So many failures of a channel are shown; the log has them all."""
_TO_SEE = (Fate.REFUSED, Fate.UNCERTAIN, Fate.WAITING)

Work = tuple[RunMessages, MessageFile]


class _Delivery(Struct, frozen=True):
    """What a delivery works with. `log` None: a dry run. `again`: messages that came to this are handed over once more."""

    project: Project
    log: Log | None
    readings: Readings
    permission: Permission
    ways: Mapping[str, Callable[[], Courier] | Requests]
    """By channel how its messages are handed over: by couriers, or as files of requests."""
    pacers: Mapping[str, Pacer]
    standings: Mapping[str, Standing]
    """By channel the pace, and how we stand with the destination, which all runs share."""
    outputs: Path
    as_of: datetime
    again: frozenset[Fate]
    progress: Progress


def deliver(
    folder: Path,
    run: str | None,
    *,
    as_of: datetime | None,
    resend_uncertain: bool = False,
    resend_refused: bool = False,
    dry_run: bool = False,
    wait: float = 30.0,
    progress: Progress,
) -> DeliveryResult:
    """Hand over the messages of a run, or of all that have some left, as of an instant (None: now) that consent is asked for.

    Raises UsageError for a run that there is not, DataError for files that are not as they were written, LockedError where another
    delivery goes on, EngageError for a secret that the environment does not have.
    """
    project = load(folder)
    instant = resolve_as_of(as_of, project.config.timezone)
    senders = _senders(project)
    path = log_path(folder / project.config.state)
    again = frozenset(fate for fate, asked in ((Fate.UNCERTAIN, resend_uncertain), (Fate.REFUSED, resend_refused)) if asked)
    with _opened(path, dry_run=dry_run, wait=wait) as (log, readings):
        outputs = folder / project.config.outputs
        asked = None if run is None else _asked(outputs, run, senders)
        lost = 0 if log is None else _recover(log, outputs)
        work = _open(outputs, readings, again) if asked is None else asked
        taken = [(one, file) for one, file in work if file.channel in senders and file.can_be_handed_over]
        results = [_untaken(one, file, senders) for one, file in work if (one, file) not in taken]
        report, problem = DataReport(), None
        if taken:
            channels = tuple(dict.fromkeys(file.channel for _, file in taken))
            ways = {} if dry_run else {name: _way(senders[name], project) for name in channels}
            pacers = {name: pacer_of(senders[name]) for name in channels}
            with engine_for(project, folder) as engine:
                permission, report = _permission(project, folder, engine, channels, instant, progress)
                standings = {name: Standing() for name in channels}
                delivery = _Delivery(project, log, readings, permission, ways, pacers, standings, outputs, instant, again, progress)
                handed, problem = _hand_over_all(delivery, taken, senders)
            results += handed
        if log is not None:
            _forget(log, project)
    return DeliveryResult(
        as_of=instant,
        dry_run=dry_run,
        channels=tuple(sorted(results, key=lambda one: (one.run, one.channel))),
        lost=lost,
        stopped=None if problem is None else problem.message,
        hint=None if problem is None else problem.hint,
        log=path.relative_to(folder) if path.is_relative_to(folder) else path,
        data=report,
    )


def _forget(log: Log, project: Project) -> None:
    """Leave no word of people who were forgotten, of whom files of runs still have messages."""
    forgotten = project.config.sources.forgotten
    if forgotten.hashes:
        log.flush()
        log.forget([user for user in log.users(suppressed=True) if is_forgotten(forgotten, user)])


def _senders(project: Project) -> dict[str, MessagesDestination]:
    """The destination that each channel's messages are handed to."""
    senders = {one.channel: one for one in project.config.senders.values()}
    if not senders:
        hint = "declare one under `destinations:`, such as `mail: {type: messages, channel: email, smtp: {host: smtp.example.com}}`"
        raise UsageError("engage.yaml has no destination of messages", hint=hint)
    return senders


def _way(sender: MessagesDestination, project: Project) -> Callable[[], Courier] | Requests:
    headers_of = _headers_of(project)
    return requests_of(sender, headers_of) if sender.way is None else courier_maker(sender, headers_of)


def _recover(log: Log, outputs: Path) -> int:
    """Settle what a delivery that was cut off had begun; of how many messages it stays open whether they were sent."""
    recover_files(_deliveries(outputs), log)
    return log.lost()


def _deliveries(outputs: Path) -> Path:
    return outputs / "deliveries"


@contextmanager
def _opened(path: Path, *, dry_run: bool, wait: float) -> Iterator[tuple[Log | None, Readings]]:
    """The log, which one delivery at a time writes; in a dry run only to be read."""
    if dry_run:
        with open_readings(path) as readings:
            yield None, readings
        return
    with hold_lock(log_lock(path), command=COMMAND, started=started_at(), wait=wait, what="the delivery log"), open_log(path) as log:
        yield log, log


def _asked(outputs: Path, run: str, senders: Mapping[str, MessagesDestination]) -> list[Work]:
    """The files of messages of the run asked for. Raises DataError where one is to be handed over and cannot be."""
    found = find_run(outputs, run)
    for file in found.files:
        if file.channel in senders and not file.can_be_handed_over:
            raise not_jsonl(file)
    return [(found, file) for file in found.files]


def _open(outputs: Path, readings: Readings, again: frozenset[Fate]) -> list[Work]:
    """The files of messages that are not finished, or have some that wait or are to be handed over once more, the oldest first."""
    fates = {Fate.WAITING, *again}
    runs = runs_with_messages(outputs)
    return [
        (one, file)
        for one in runs
        for file in one.files
        if not readings.is_finished(one.name, file.channel) or readings.has(one.name, file.channel, fates)
    ]


def _untaken(run: RunMessages, file: MessageFile, senders: Mapping[str, MessagesDestination]) -> ChannelDelivery:
    """A file of which nothing is handed over: no destination takes it, or it is not in the form that can be."""
    if file.channel not in senders:
        return ChannelDelivery(run.name, file.channel, None, file.rows)
    return ChannelDelivery(run.name, file.channel, senders[file.channel].name, file.rows, left=file.rows, form=file.path.suffix[1:])


def _permission(
    project: Project, folder: Path, engine: Engine, channels: Sequence[str], as_of: datetime, progress: Progress
) -> tuple[Permission, DataReport]:
    """What says whether messages on channels may be sent, as the sources are now; and what was read for it."""
    declared = project.config.messaging.channels
    addresses = {name: declared[name].address for name in channels if name in declared}
    plan = plan_traits(project, (), as_of)
    columns = frozenset(Column(path, Reading.TEXT) for path in addresses.values())
    needs = replace(plan.needs, traits=plan.needs.traits | columns, channels=plan.needs.channels | set(channels))
    outcomes = project.config.messaging.outcomes
    plan = replace(plan, needs=with_outcomes(needs, outcomes))
    state = open_published(engine, folder / project.config.state, older_is_none=True)
    staged = stage(project, folder, engine, plan, strict=False, progress=progress)
    sources = project.config.sources
    if state is not None:
        make_outcomes(engine, staged.staging.catalog, outcomes)
        suppress_by_outcomes(engine)
    permission = Permission(
        engine,
        addresses,
        joined=sources.identity is not None,
        with_consents=bool(sources.consents),
    )
    return permission, report_of(staged.staging)


def _headers_of(project: Project) -> Callable[[Message], dict[str, str]]:
    """What gives an email the headers that let its reader unsubscribe: marketing has them, where engage.yaml says where that is done."""
    url = project.config.messaging.urls.unsubscribe
    if url is None:
        return lambda _message: {}
    key = keys_of(os.environ)[0]

    def headers(message: Message) -> dict[str, str]:
        if message.channel != "email" or message.category != MARKETING:
            return {}
        token = sign(Subscription(message.user_id, message.channel, message.group, message.message_id), key)
        try:
            return list_unsubscribe(message.unsubscribe_url or url.replace("{token}", token))
        except RenderError as error:
            raise ProviderError(f"cannot go: {error.message}") from error

    return headers


# ---- a channel of a run ----------------------------------------------------------------------------------------------


def _hand_over_all(
    delivery: _Delivery, work: Iterable[Work], senders: Mapping[str, MessagesDestination]
) -> tuple[list[ChannelDelivery], EngageError | None]:
    """Hand over file after file; a channel that can take nothing more is left alone. The first reason for that."""
    results: list[ChannelDelivery] = []
    problems: dict[str, EngageError] = {}
    for run, file in work:
        if file.channel in problems:
            results.append(ChannelDelivery(run.name, file.channel, senders[file.channel].name, file.rows, left=file.rows))
            continue
        result, problem = _hand_over(delivery, run, file, senders[file.channel])
        results.append(result)
        if problem is not None:
            problems[file.channel] = problem
    for channel, standing in delivery.standings.items():
        if standing.doubt is not None and not standing.has_taken:
            problems.setdefault(channel, stopped_error(standing.doubt, senders[channel].name))
    return results, next(iter(problems.values()), None)


def _hand_over(
    delivery: _Delivery, run: RunMessages, file: MessageFile, sender: MessagesDestination
) -> tuple[ChannelDelivery, EngageError | None]:
    pace, way, log = sender.pace, sender.way, delivery.log
    idempotent = isinstance(way, Webhook) and way.idempotent
    expires = timedelta(seconds=seconds_of(pace.expires_after))
    again = delivery.again | {Fate.UNCERTAIN} if idempotent else delivery.again
    asking = Asking(run.name, delivery.as_of, expires, again)
    fed = Fed()
    channel = delivery.project.config.messaging.channels.get(file.channel)
    messages = messages_of(file, channel.sender if channel is not None else None)
    batches = feed(messages, asking, delivery.readings, delivery.permission, fed)
    result = ChannelDelivery(run.name, file.channel, sender.name, file.rows, expires_after=str(pace.expires_after))
    with delivery.progress.stage(f"delivering {file.channel}", file.rows) as shown:
        if log is None:
            return _counted(result, fed, sent=sum(len(batch) for batch in batches)), None
        looked = _written(batches, fed, log, shown)
        match delivery.ways[file.channel]:
            case Requests() as requests:
                place = RequestFiles(_deliveries(delivery.outputs) / run.name, sender.name, run.name, sender.channel)
                handed = write_requests(looked, requests, place, log, shown.advance, again=again)
            case courier:
                handing = Handing(
                    run.name,
                    courier,
                    delivery.pacers[file.channel],
                    delivery.standings[file.channel],
                    pace.at_once,
                    pace.attempts,
                    idempotent,
                    again,
                )
                handed = Workers(handing, log, shown.advance).hand_over(message for batch in looked for message in batch)
    log.flush()
    fates = fed.fates + handed.fates
    left = file.rows - fed.before - sum(fates.values())
    is_open = fates[Fate.WAITING] or left or (idempotent and fates[Fate.UNCERTAIN])
    if handed.stopped is None and not is_open:
        log.finish(run.name, file.channel)
    result = replace(
        _counted(result, fed, sent=fates[Fate.SENT]),
        refused=fates[Fate.REFUSED],
        waiting=fates[Fate.WAITING],
        uncertain=fates[Fate.UNCERTAIN],
        left=left,
        failures=_failures(log, run.name, file.channel),
        file=None if handed.file is None else _shown(handed.file, delivery),
    )
    return result, None if handed.stopped is None else stopped_error(handed.stopped, sender.name)


def _shown(path: Path, delivery: _Delivery) -> str:
    return str(Path(delivery.project.config.outputs) / path.relative_to(delivery.outputs))


def _counted(result: ChannelDelivery, fed: Fed, *, sent: int) -> ChannelDelivery:
    held = fed.fates
    return replace(result, before=fed.before, sent=sent, waiting=held[Fate.WAITING], skipped=held[Fate.SKIPPED], expired=held[Fate.EXPIRED])


def _written(batches: Iterable[list[Message]], fed: Fed, log: Log, shown: Stage) -> Iterator[list[Message]]:
    """The messages to hand over; those that are held back are written down on the way."""
    before = 0
    for batch in batches:
        held = fed.take_held()
        for entry in held:
            log.hold(entry)
        shown.advance(len(held) + fed.before - before)
        before = fed.before
        yield batch


def _failures(log: Log, run: str, channel: str) -> tuple[DeliveryFailure, ...]:
    entries = log.entries(run, channel, _TO_SEE, _SHOWN)
    return tuple(DeliveryFailure(one.message_id, one.fate.value, one.code, one.answer) for one in entries)
