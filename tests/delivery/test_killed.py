"""A delivery killed anywhere, then run again: each message comes once, or is known to be uncertain. Real processes, really killed."""

import json
import random
import shutil
import time
from collections import Counter
from itertools import count
from pathlib import Path

import pytest

from tests.delivery.project import Shop, deliver_in, rows_of
from tests.delivery.servers import Mailbox, Site, mail_server, web_server
from tests.state.processes import run_killed, start

MESSAGES = 2


def assert_once_or_uncertain(shop: Shop, arrived: list[str], expected: list[str], place: str) -> int:
    """What must hold after a killed delivery and another; how many messages are uncertain."""
    fates = {message_id: fate for message_id, (fate, _, _) in shop.log().items()}
    times = Counter(arrived)
    assert set(times) <= set(expected), place
    assert max(times.values(), default=0) <= 1, f"{place}: a message came twice"
    for message in expected:
        assert fates[message] in ("sent", "uncertain"), f"{place}: {message} is {fates[message]}"
        assert times[message] or fates[message] == "uncertain", f"{place}: {message} never came, and nobody knows"
    return sum(fate == "uncertain" for fate in fates.values())


def message_ids(mailbox: Mailbox) -> list[str]:
    return [
        line.partition(b"<")[2].partition(b"@")[0].decode()
        for mail in mailbox.mails
        for line in mail.split(b"\r\n")
        if line.startswith(b"Message-ID")
    ]


def test_killed_at_any_point_each_email_comes_once_or_is_uncertain(tmp_path: Path) -> None:
    mailbox = Mailbox()
    ids = [row["message_id"] for row in rows_of(MESSAGES)]
    uncertain = Counter[int]()
    with mail_server(mailbox) as port:
        smtp = f"smtp: {{host: 127.0.0.1, port: {port}, security: none}}"
        base = Shop(tmp_path / "base", f"  mail: {{type: messages, channel: email, {smtp}, at_once: 1}}", people=MESSAGES)
        base.run(rows_of(MESSAGES))
        for point in count(1):
            mailbox.mails.clear()
            shop = base.copy(tmp_path / f"at_{point}")
            if not run_killed(deliver_in, shop.folder, crash_at=str(point)):
                break
            deliver_in(shop.folder)
            uncertain[assert_once_or_uncertain(shop, message_ids(mailbox), ids, f"killed at point {point}")] += 1
            shutil.rmtree(shop.folder)
    assert set(uncertain) == {0, 1}, "killed between sending and writing down it is uncertain, elsewhere it is not"
    assert sum(uncertain.values()) > 4 * MESSAGES


@pytest.mark.parametrize("seed", [7])
def test_killed_at_any_moment_with_many_under_way(tmp_path: Path, seed: int) -> None:
    chance, rows = random.Random(seed), rows_of(60)
    site = Site(slowly=0.01)
    with web_server(site) as url:
        base = Shop(tmp_path / "base", f"  hook: {{type: messages, channel: email, webhook: {{url: {url}}}, at_once: 4}}", people=60)
        base.run(rows)
        for number in range(3):
            site.requests.clear()
            shop = base.copy(tmp_path / f"kill_{number}")
            process = start(deliver_in, shop.folder)
            target = chance.randrange(1, 55)
            while len(site.requests) < target and process.is_alive():
                time.sleep(0.002)
            process.kill()
            process.join()
            before = len(site.requests)
            deliver_in(shop.folder)
            uncertain = assert_once_or_uncertain(shop, site.keys, [row["message_id"] for row in rows], f"killed after {before}")
            assert uncertain <= 4


def test_uncertain_ones_are_told_and_sent_again_by_hand_alone(tmp_path: Path) -> None:
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        smtp = f"smtp: {{host: 127.0.0.1, port: {port}, security: none}}"
        shop = Shop(tmp_path / "shop", f"  mail: {{type: messages, channel: email, {smtp}, at_once: 1}}", people=3)
        shop.run(rows_of(3))
        assert shop.killed("answered")
        told = shop.command()
        assert told.returncode == 1
        assert "the delivery before was cut off: 1 message may have been sent by it" in told.stdout
        assert "uncertain" in told.stdout
        assert len(mailbox.mails) == 3
        assert shop.command().stdout == "no run has messages that are left to be handed over\n"
        again = shop.command("--resend-uncertain", "--json", "0000000a")
        assert again.returncode == 0, again.stdout + again.stderr
        [channel] = json.loads(again.stdout)["channels"]
        assert (channel["before"], channel["sent"], channel["uncertain"]) == (2, 1, 0)
        assert len(mailbox.mails) == 4
